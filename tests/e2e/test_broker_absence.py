"""Starting before the broker does, going on without it, and being refused by it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker.node import BrokerNode
from tests.support.broker.proxy import Proxy, running_proxy
from tests.support.broker.vhost import Vhost
from tests.support.images.drawings import photograph
from tests.support.processes.services import Service
from tests.support.processes.stack import Stack, StackFactory
from tests.support.waiting import wait_until

KINDS = ("api", "worker", "notifications")
# The relay leaves a note alone for twice the publisher's patience.
HASTY = {"PUBLISH_TIMEOUT_SECONDS": "0.5"}
PASSWORD = "a-wrong-secret"


@pytest.fixture
def proxy(broker: BrokerNode) -> Iterator[Proxy]:
    with running_proxy(broker.port) as made:
        yield made


def test_processes_that_start_before_the_broker_wait_for_it(
    tmp_path: Path, proxy: Proxy, vhost: Vhost
) -> None:
    proxy.refuse()
    stack = Stack(tmp_path, vhost.through(proxy.port), HASTY)
    try:
        services = [stack.add(kind) for kind in KINDS]
        for service in services:
            wait_until(lambda each=service: each.get("/healthz") == 200, f"{service.name} lives")  # type: ignore[misc]
            assert service.get("/readyz") == 503
        with stack.client() as client:
            image_ids = [client.upload(photograph(320, 240)) for _ in range(3)]
            assert {client.status(image_id)["status"] for image_id in image_ids} == {"uploaded"}

            proxy.accept()
            stack.wait_ready()

            for image_id in image_ids:
                client.wait_completed(image_id)
        stack.wait_nothing_left()
        stack.check_logs()
    finally:
        stack.close()


def test_uploads_go_on_while_the_broker_is_away_and_are_developed_when_it_is_back(
    start_stack: StackFactory, proxy: Proxy, vhost: Vhost
) -> None:
    stack = start_stack(amqp_url=vhost.through(proxy.port), **HASTY)
    with stack.client() as client:
        proxy.refuse()
        wait_until(lambda: not stack.api.ready(), "the API has noticed")
        image_ids = [client.upload(photograph(320, 240)) for _ in range(10)]
        assert not stack.settled("outbox")

        proxy.accept()

        for image_id in image_ids:
            assert client.wait_completed(image_id)["details"]["attempt"] == 1
    stack.wait_nothing_left()


def test_what_waits_in_the_outbox_survives_a_kill_of_the_api(
    start_stack: StackFactory, proxy: Proxy, vhost: Vhost
) -> None:
    stack = start_stack(amqp_url=vhost.through(proxy.port), **HASTY)
    with stack.client() as client:
        proxy.refuse()
        image_id = client.upload(photograph(320, 240))
        stack.api.child.kill()
        proxy.accept()
        stack.api.start()

        stack.api.wait_ready()

        client.wait_completed(image_id)
    stack.wait_nothing_left()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_ends_the_process_and_is_not_shown(
    tmp_path: Path, broker: BrokerNode, kind: str
) -> None:
    service = Service(
        kind,
        kind,
        tmp_path,
        {"AMQP_URL": broker.url(password=PASSWORD), "STORE_ROOT": str(tmp_path / "store")},
    )
    complaint = service.refusal()

    assert complaint.startswith("darkroom: the broker at amqp://guest@")
    assert "refuses the connection" in complaint
    assert PASSWORD not in complaint + str(service.log())


@pytest.mark.parametrize(
    "kind, name, value, said",
    [
        ("api", "MAX_UPLOAD_BYTES", "a lot", "MAX_UPLOAD_BYTES=a lot"),
        ("worker", "WORKER_CONCURRENCY", "0", "WORKER_CONCURRENCY=0"),
        ("notifications", "LOG_LEVEL", "loud", "LOG_LEVEL=loud"),
    ],
)
def test_a_bad_setting_ends_the_process_with_its_name(
    tmp_path: Path, kind: str, name: str, value: str, said: str
) -> None:
    service = Service(kind, kind, tmp_path, {name: value})
    service.start()
    try:
        assert service.child.wait() == 78
    finally:
        service.close()

    assert service.complaints().startswith(f"darkroom: {said}: ")
    assert service.log() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_stops_when_asked_while_the_broker_lets_it_wait(
    tmp_path: Path, proxy: Proxy, vhost: Vhost, kind: str
) -> None:
    proxy.stall()
    service = Service(
        kind, kind, tmp_path, {"AMQP_URL": vhost.through(proxy.port), "STORE_ROOT": str(tmp_path / "store")}
    )
    service.start()
    try:
        wait_until(lambda: service.get("/healthz") == 200, f"{kind} lives")
        wait_until(lambda: proxy.connections, f"{kind} connects")
        assert service.stop(within=4) == 0
    finally:
        service.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_is_taken_ends_the_process_with_a_code(
    tmp_path: Path, broker: BrokerNode, proxy: Proxy, vhost: Vhost, kind: str
) -> None:
    proxy.stall()
    service = Service(
        kind, kind, tmp_path, {"AMQP_URL": vhost.through(proxy.port), "STORE_ROOT": str(tmp_path / "store")}
    )
    service.take_port(broker.port)
    service.start()
    try:
        assert service.child.wait(4) not in (0, None)
    finally:
        service.close()
