"""What any replica does for the store: sweeps and expires."""

from datetime import UTC, datetime, timedelta

from common.model import image_ids
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
