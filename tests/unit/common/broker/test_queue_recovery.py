"""Which broken queues are deleted, where another process repairs them at the same time."""

import asyncio

import pytest

from common.broker import queue_recovery, topology
from common.broker.queue_recovery import QueueRecovery
from common.broker.topology import Queue
from tests.support.waiting import eventually


async def test_a_queue_that_another_process_has_replaced_meanwhile_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declared = topology.jobs()
    broken = {queue.name for queue in declared.queues}
    deleted: list[str] = []

    async def is_broken(_: str, queue: Queue) -> bool:
        return queue.name in broken

    async def delete(_: str, queue: Queue) -> bool:
        deleted.append(queue.name)
        broken.clear()  # the other process replaces them all while this deletion takes its time
        return True

    async def is_consuming() -> bool:
        return False

    monkeypatch.setattr(queue_recovery, "is_broken", is_broken)
    monkeypatch.setattr(queue_recovery, "_delete", delete)
    monkeypatch.setattr(queue_recovery, "_CHECK_SECONDS", 0.01)
    monkeypatch.setattr(queue_recovery, "_GRACE_SECONDS", 0.05)
    recovery = QueueRecovery("amqp://unused", declared, is_consuming=is_consuming)
    async with recovery.running():
        await eventually(lambda: deleted, "one was deleted")
        await asyncio.sleep(0.1)

    assert deleted == [topology.JOBS]
