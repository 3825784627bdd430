"""The announcements on the fanout, as a stranger's queue receives them."""

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from common.broker import topology
from tests.support.broker.vhost import Vhost
from tests.support.http.client import FINAL, Client
from tests.support.images.drawings import photograph
from tests.support.images.hostile import HOSTILE
from tests.support.processes.stack import Stack, StackFactory
from tests.support.waiting import wait_until


@pytest.fixture
def stack(start_stack: StackFactory) -> Stack:
    return start_stack()


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with stack.client() as made:
        yield made


def test_events_are_cloudevents_with_ids_that_tell_repeats(
    stack: Stack, client: Client, vhost: Vhost
) -> None:
    tap = vhost.tap(topology.EVENTS)
    good = client.upload(photograph(320, 240))
    bad = client.upload(HOSTILE["jpeg truncated"]().data)
    for image_id in (good, bad):
        client.wait_for(image_id, *FINAL)
    vhost.wait_length(tap, 4)

    messages = vhost.take(tap)

    events = {}
    for message in messages:
        properties = message["properties"]
        assert properties["delivery_mode"] == 2
    for event in _decoded(messages):
        assert event["specversion"] == "1.0"
        assert event["source"] == "/darkroom"
        assert event["datacontenttype"] == "application/json"
        assert datetime.fromisoformat(str(event["time"])).utcoffset() is not None
        events[str(event["id"])] = event
    assert set(events) == {
        f"{good}/image.processing/1",
        f"{good}/image.completed/1",
        f"{bad}/image.processing/1",
        f"{bad}/image.failed/1",
    }
    for image_id, kind in ((good, "image.completed"), (bad, "image.failed")):
        event = events[f"{image_id}/{kind}/1"]
        assert (event["type"], event["subject"]) == (kind, image_id)
        assert event["data"] == client.status(image_id)


def test_a_job_that_comes_again_is_announced_under_the_same_id(
    stack: Stack, client: Client, vhost: Vhost
) -> None:
    image_id = client.upload(photograph(320, 240))
    client.wait_completed(image_id)
    tap = vhost.tap(topology.EVENTS)

    vhost.publish(topology.JOBS, f'{{"image_id": "{image_id}"}}')

    vhost.wait_length(tap, 1)
    (event,) = vhost.take_json(tap)
    assert event["id"] == f"{image_id}/image.completed/1"
    assert event["data"] == client.status(image_id)


UNREADABLE = {
    "not JSON": "no json",
    "no id": "{}",
    "an unknown version": '{"version": 2, "image_id": "%s"}',
    "an id with a path": '{"image_id": "../../../../etc/passwd"}',
    "half a megabyte": "x" * 500_000,
}


def test_rubbish_on_the_queue_hurts_nobody(stack: Stack, client: Client, vhost: Vhost) -> None:
    for body in UNREADABLE.values():
        vhost.publish(topology.JOBS, body)

    client.wait_completed(client.upload(photograph(320, 240)))

    wait_until(
        lambda: len(stack.worker.logged("dead_letter.unreadable")) == len(UNREADABLE),
        "each is buried with a line in the log",
    )
    for queue in (topology.JOBS, topology.DEAD):
        vhost.wait_length(queue, 0)


def _decoded(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    return [json.loads(str(message["payload"])) for message in messages]
