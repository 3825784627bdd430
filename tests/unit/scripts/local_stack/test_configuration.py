"""Where the run without Docker asks each process how it is."""

from collections.abc import Mapping

import pytest

from scripts.local_stack.configuration import health_ports

VALUES = {
    "API_PORT": "8000",
    "API_HEALTH_PORT": "0",
    "WORKERS": "2",
    "WORKER_HEALTH_PORT": "9101",
    "NOTIFICATIONS_HEALTH_PORT": "9099",
}


@pytest.mark.parametrize("changed, port", [({}, 8000), ({"API_HEALTH_PORT": "9098"}, 9098)])
def test_the_api_is_asked_on_its_health_port_where_it_has_one(changed: Mapping[str, str], port: int) -> None:
    assert health_ports({**VALUES, **changed}) == {
        "api": port,
        "worker-1": 9101,
        "worker-2": 9102,
        "notifications": 9099,
    }
