"""Records that older versions wrote stay readable."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.errors import UnreadableRecordError
from common.model.records import Record
from common.store import Stores, select_store
from tests.support.store.stored_images import uploaded

# As the version of before the American spelling wrote it, byte for byte but for the id.
BRITISH_RESULT = (
    '{"image_id":"%s","status":"completed","attempt":2,"finished_at":"2026-11-24T12:00:00.123456Z",'
    '"duration_ms":41.5,"outputs":[{"name":"large","filename":"large.jpg","url":"/images/%s/large",'
    '"media_type":"image/jpeg","width":8,"height":6,"bytes":9,"report":{"format":"jpeg","quality":80,"frames":1,'
    '"bytes_saved":-3,"duration_ms":3.25}}],"source":{"format":"jpeg","width":8,"height":6,"mode":"RGB","frames":1,'
    '"bytes":7,"orientation":1,"gps_removed":false,"profile":"none","metadata":["exif"]},'
    '"picture":{"average_colour":"#336699","palette":[{"colour":"#336699","share":0.75},'
    '{"colour":"#ffffff","share":0.25}],"thumbhash":"3OcRJYB4d3h/iIeHeEh3eIhw+j2w","phash":"c3d1e0f0a5965a5a",'
    '"tags":["photo","colourful"]},"failure":null}'
)
# As the versions after that wrote it, until the report was called `image`.
PICTURE_RESULT = BRITISH_RESULT.replace("colour", "color")
OLD_RESULTS = {"British names": BRITISH_RESULT, "a picture": PICTURE_RESULT}


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with select_store("", root=str(tmp_path))() as made:
        yield made


async def old_image(stores: Stores, root: Path, document: str = BRITISH_RESULT) -> str:
    """Store an image with a result that an older version wrote; returns its id."""
    image_id = await uploaded(stores.images)
    (folder,) = (root / "images").glob(f"*/*/*/*/{image_id}")
    (folder / "result.json").write_text(document.replace("%s", image_id))
    return image_id


@pytest.mark.parametrize("version", OLD_RESULTS)
async def test_a_report_under_older_names_is_read_under_those_of_today(
    version: str, stores: Stores, tmp_path: Path
) -> None:
    image_id = await old_image(stores, tmp_path, OLD_RESULTS[version])

    for record in (
        await stores.images.read(image_id),
        await stores.images.record_attempt(image_id, "worker"),
        await stores.images.read_result(image_id, 2),
    ):
        _check(record)
    assert not await stores.catalog.reopen(image_id)


async def test_only_the_names_that_changed_are_read_as_others(stores: Stores, tmp_path: Path) -> None:
    document = BRITISH_RESULT.replace('"metadata":["exif"]', '"metadata":["colourful"]')
    image_id = await old_image(stores, tmp_path, document)

    record = await stores.images.read(image_id)
    assert record is not None
    assert record.result is not None
    assert record.result.source is not None
    assert record.result.source.metadata == ("colourful",)
    _check(record)


@pytest.mark.parametrize("damage", ['"picture":[]', '"picture":{"palette":7}', '"picture":{"tags":[[]]}'])
async def test_a_damaged_report_under_older_names_is_refused(
    damage: str, stores: Stores, tmp_path: Path
) -> None:
    start, end = BRITISH_RESULT.index('"picture"'), BRITISH_RESULT.index(',"failure"')
    image_id = await old_image(stores, tmp_path, BRITISH_RESULT[:start] + damage + BRITISH_RESULT[end:])

    with pytest.raises(UnreadableRecordError):
        await stores.images.read(image_id)


async def test_a_result_that_never_had_another_name_is_damaged(stores: Stores, tmp_path: Path) -> None:
    image_id = await old_image(stores, tmp_path)
    (folder,) = (tmp_path / "images").glob(f"*/*/*/*/{image_id}")
    document = BRITISH_RESULT.replace("%s", image_id)
    (folder / "result.json").write_text(document.replace('"average_colour"', '"mean_colour"'))

    with pytest.raises(UnreadableRecordError):
        await stores.images.read(image_id)


def _check(record: Record | None) -> None:
    assert record is not None
    assert record.result is not None
    assert record.result.image is not None
    assert record.result.image.average_color == "#336699"
    assert record.result.image.tags == ("photo", "colorful")
    assert [(each.color, each.share) for each in record.result.image.palette] == [
        ("#336699", 0.75),
        ("#ffffff", 0.25),
    ]
