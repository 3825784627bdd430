"""Processes that are killed, stopped and started again while images are on their way: each image has its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker.node import BrokerNode
from tests.support.broker.proxy import running_proxy
from tests.support.broker.vhost import Vhost
from tests.support.http.client import Client
from tests.support.images.drawings import photograph
from tests.support.presets import write_presets
from tests.support.processes.services import Service
from tests.support.processes.stack import Stack, StackFactory
from tests.support.waiting import holds, wait_until


@pytest.fixture
def slow(tmp_path: Path) -> dict[str, str]:
    """Settings with which encoding 12 megapixels takes a second or two: time to meet a worker in the middle of it."""
    return {
        "PRESETS_FILE": write_presets(tmp_path, large_pixels=4000, large_format="webp", thumbnail_pixels=8)
    }


@pytest.fixture(scope="module")
def slow_image() -> bytes:
    return photograph(4000, 3000)


@pytest.fixture
def stack(start_stack: StackFactory, slow: dict[str, str]) -> Stack:
    return start_stack(workers=2, **slow)


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with stack.client() as made:
        yield made


def caught_in_the_middle(stack: Stack, client: Client, image_id: str) -> Service:
    """The worker that develops the image, frozen in the middle of it."""
    client.wait_for(image_id, "processing")
    name = client.http.get(f"/images/{image_id}").json()["attempt"]["worker"]
    worker = next(each for each in stack.of("worker") if name.endswith(f"-{each.child.pid}"))
    worker.child.freeze()
    assert client.status(image_id)["status"] == "processing", "it was too quick to be caught"
    return worker


def test_a_worker_killed_in_mid_job_and_an_api_restarted_cost_one_redelivery(
    stack: Stack, client: Client, slow_image: bytes
) -> None:
    image_id = client.upload(slow_image)
    worker = caught_in_the_middle(stack, client, image_id)

    worker.child.kill()
    stack.api.stop()
    stack.api.start()
    stack.api.wait_ready()

    finished = client.wait_completed(image_id)
    assert finished["details"]["attempt"] == 2
    assert client.output_image(image_id, "large").size == (4000, 3000)
    (other,) = [each for each in stack.of("worker") if each is not worker]
    assert other.logged("job.finished", image_id=image_id)
    stack.wait_nothing_left()


def test_a_frozen_worker_that_thaws_after_another_finished_changes_nothing(
    start_stack: StackFactory, broker: BrokerNode, vhost: Vhost, slow: dict[str, str], slow_image: bytes
) -> None:
    stack = start_stack(workers=0, **slow)
    with running_proxy(broker.port) as proxy, stack.client() as client:
        stack.add("worker", AMQP_URL=vhost.through(proxy.port)).wait_ready()
        image_id = client.upload(slow_image)
        frozen = caught_in_the_middle(stack, client, image_id)
        # The broker would give it up after three missed heartbeats; this is the same, and quicker.
        proxy.cut()
        stack.add("worker").wait_ready()
        finished = client.wait_completed(image_id)
        etag = client.http.head(f"/images/{image_id}/large").headers["ETag"]

        frozen.child.thaw()

        wait_until(
            lambda: frozen.logged("job.finished_before", image_id=image_id), "the late one has ended too"
        )
        assert client.status(image_id) == finished
        assert client.http.head(f"/images/{image_id}/large").headers["ETag"] == etag
        stack.wait_nothing_left()


def test_sigterm_lets_a_worker_finish_what_it_has(stack: Stack, client: Client, slow_image: bytes) -> None:
    image_id = client.upload(slow_image)
    worker = caught_in_the_middle(stack, client, image_id)

    worker.child.terminate()
    worker.child.thaw()

    assert worker.child.wait() == 0
    finished = client.wait_completed(image_id)
    assert finished["details"]["attempt"] == 1
    assert worker.logged("job.finished", image_id=image_id)
    assert worker.logged("service.stopped", drained=True)


def test_a_second_sigterm_ends_a_worker_at_once_and_another_does_the_job(
    stack: Stack, client: Client, slow_image: bytes
) -> None:
    image_id = client.upload(slow_image)
    worker = caught_in_the_middle(stack, client, image_id)

    worker.child.terminate()
    worker.child.thaw()
    wait_until(lambda: worker.logged("process.stopping"), "the first signal is heard")
    worker.child.terminate()

    assert worker.child.wait() == 128 + 15
    assert client.wait_completed(image_id)["details"]["attempt"] == 2


def test_workers_restarted_one_after_the_other_lose_nothing(stack: Stack, client: Client) -> None:
    image_ids = [client.upload(photograph(1200, 900)) for _ in range(8)]

    for worker in stack.of("worker"):
        assert worker.stop() == 0
        image_ids += [client.upload(photograph(1200, 900)) for _ in range(3)]
        worker.start()
        worker.wait_ready()

    for image_id in image_ids:
        client.wait_completed(image_id)
    stack.wait_nothing_left()


def test_a_job_waits_for_a_worker_and_an_api_that_is_restarted_remembers(
    start_stack: StackFactory,
) -> None:
    stack = start_stack(workers=0)
    with stack.client() as client:
        image_ids = [client.upload(photograph(320, 240)) for _ in range(5)]
        stack.api.child.kill()
        stack.api.start()
        stack.api.wait_ready()
        assert {client.status(image_id)["status"] for image_id in image_ids} == {"uploaded"}

        stack.add("worker").wait_ready()

        for image_id in image_ids:
            assert client.wait_completed(image_id)["details"]["attempt"] == 1
        # Killed before it could turn its notes over, the API may publish a job again: that must not show.
        holds(lambda: client.status(image_ids[0])["status"] == "completed", "it stays completed", during=1.0)
