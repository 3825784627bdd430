"""How many connections may be open, and how many of them may not read."""

import pytest

from services.api.server.connections import ConnectionLimits, ConnectionTracker, network_of


class Connection:
    aborted = False

    def abort(self) -> None:
        self.aborted = True


def tracker(
    *, total: int = 100, per_network: int = 100, stalled: int = 2, proxy: str = ""
) -> ConnectionTracker:
    limits = ConnectionLimits(
        total=total,
        per_network=per_network,
        stalled=stalled,
        stall_seconds=1.0,
        is_proxy=lambda host: host == proxy,
    )
    return ConnectionTracker(limits)


def refusals(tracked: ConnectionTracker, network: str, count: int) -> int:
    return sum(tracked.open(network) is not None for _ in range(count))


def test_one_client_cannot_open_all_connections() -> None:
    tracked = tracker(per_network=3)

    assert refusals(tracked, "192.0.2.1", 5) == 2
    assert refusals(tracked, "192.0.2.2", 3) == 0
    for _ in range(3):
        tracked.close("192.0.2.1")
    assert refusals(tracked, "192.0.2.1", 1) == 0


def test_a_proxy_opens_connections_for_many_clients() -> None:
    tracked = tracker(per_network=3, total=10, proxy="192.0.2.1")

    assert refusals(tracked, "192.0.2.1", 10) == 0
    assert refusals(tracked, "192.0.2.1", 1) == 1, "but not more than there may be in all"


def test_networks_without_connections_take_no_memory() -> None:
    tracked = tracker()
    for number in range(1000):
        tracked.open(str(number))
        tracked.close(str(number))

    assert tracked.current == 0
    assert not tracked._by_network


def test_refused_connections_linger_only_while_they_are_few() -> None:
    tracked = tracker(total=1)
    refusals(tracked, "a", 2)
    assert tracked.may_linger

    refusals(tracked, "a", 1000)
    assert not tracked.may_linger


def test_the_reader_that_is_stalled_longest_is_ended() -> None:
    tracked = tracker(stalled=2)
    first, second, third = (Connection() for _ in range(3))
    tracked.stall(first)
    tracked.stall(second)
    tracked.resume(first)
    tracked.stall(first)
    tracked.stall(third)

    assert [each.aborted for each in (first, second, third)] == [False, True, False]


@pytest.mark.parametrize(
    "host, network", [("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("192.0.2.1", "192.0.2.1")]
)
def test_the_addresses_of_an_ipv6_network_are_one(host: str, network: str) -> None:
    assert network_of(host) == network
