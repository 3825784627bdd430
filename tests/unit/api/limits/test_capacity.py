"""Whether there is room, by figures of a moment ago."""

import pytest

from common.errors import StoreUnavailableError
from services.api.http.problems import Problem
from services.api.limits.capacity import CapacityMonitor
from tests.support.http.api import Api
from tests.support.store.stored_images import uploaded


async def refusal(api: Api, *, max_backlog: int = 2, min_free_bytes: int = 100) -> str:
    """What is told; nothing when there is room."""
    capacity = CapacityMonitor(
        api.dependencies.stores, max_backlog=max_backlog, min_free_bytes=min_free_bytes
    )
    await capacity.refresh()
    try:
        capacity.check()
    except Problem as problem:
        return f"{problem.status} {problem.code}, again in {problem.headers['Retry-After']} s"
    return ""


async def test_there_is_room_to_the_last_byte_and_image(api: Api) -> None:
    api.memory.free = 100
    await uploaded(api.store)
    assert await refusal(api) == ""

    await api.store.mark_published([await uploaded(api.store)])
    assert await refusal(api) == "503 backlog_full, again in 10 s"
    assert await refusal(api, max_backlog=3) == ""
    api.memory.free = 99
    assert await refusal(api, max_backlog=3) == "503 disk_reserve, again in 10 s"


async def test_a_store_that_does_not_answer_has_no_room(api: Api) -> None:
    api.memory.fault = StoreUnavailableError("away")

    assert await refusal(api) == "503 store_unavailable, again in 10 s"


async def test_before_the_first_look_there_is_none(api: Api) -> None:
    capacity = CapacityMonitor(api.dependencies.stores, max_backlog=1, min_free_bytes=0)

    with pytest.raises(Problem, match="does not answer"):
        capacity.check()
    assert capacity.capacity is None
