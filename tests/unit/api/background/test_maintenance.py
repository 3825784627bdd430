"""What any replica does for the store: sweeps and expires."""

from datetime import UTC, datetime, timedelta

import pytest

from common.model import image_ids
from services.api.background import maintenance as module
from services.api.background.maintenance import Maintenance
from tests.support.http.api import Api
from tests.support.store.stored_images import uploaded


def maintenance(api: Api, *, retention: timedelta | None = None) -> Maintenance:
    return Maintenance(
        api.dependencies.stores,
        api.publisher,
        interval_seconds=0.01,
        staged_for=timedelta(0),
        keys_for=timedelta(0),
        retention=retention,
    )


async def test_what_uploads_left_is_swept(api: Api) -> None:
    api.memory.incoming["left"] = 0.0

    await maintenance(api)._sweep()

    assert not api.memory.incoming


async def test_images_are_kept_for_ever_or_for_their_time(api: Api) -> None:
    old = image_ids.lowest_at(datetime.now(UTC) - timedelta(days=2))
    await uploaded(api.store, image_id=old)
    young = await uploaded(api.store)

    await maintenance(api)._expire()
    assert len(api.memory.images) == 2
    await maintenance(api, retention=timedelta(days=1))._expire()

    assert list(api.memory.images) == [young]
    assert [(event.type, event.subject) for event in api.publisher.events] == [("image.deleted", old)]


async def test_images_that_nothing_would_end_are_marked_a_batch_after_the_other(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    oldest, *others = [await uploaded(api.store) for _ in range(5)]
    kept = maintenance(api)
    for _ in range(2):  # all the way round, and once more
        del api.memory.unpublished[oldest]
        for _ in range(3):
            await kept._restore_marks()

        assert sorted(api.memory.unpublished) == sorted([oldest, *others])
