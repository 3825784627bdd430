import pytest
from prometheus_client import CollectorRegistry

from common.broker import Delivery, Disposition
from common.errors import TransientError
from common.model import image_ids
from common.model.messages import Event, deleted_event, encode
from services.notifications.handler import EventHandler
from services.notifications.metrics import NotificationMetrics


class Channel:
    """Records what it is given; raises `fault` if there is one."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.sent: list[Event] = []
        self.fault = fault

    async def send(self, event: Event) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append(event)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


async def test_every_channel_gets_the_event_before_it_is_acknowledged(registry: CollectorRegistry) -> None:
    channels = (Channel(), Channel())
    event = deleted_event(image_ids.new())

    disposition = await EventHandler(channels, NotificationMetrics(registry))(Delivery(encode(event)))

    assert disposition is Disposition.ACK
    assert [channel.sent for channel in channels] == [[event], [event]]
    assert registry.get_sample_value("darkroom_events_total", {"type": "image.deleted"}) == 1


async def test_an_event_that_a_channel_cannot_send_comes_again(registry: CollectorRegistry) -> None:
    channels = (Channel(TransientError("the receiver is away")),)
    handler = EventHandler(channels, NotificationMetrics(registry))

    assert await handler(Delivery(encode(deleted_event(image_ids.new())))) is Disposition.REQUEUE


@pytest.mark.parametrize("body", [b"", b"no json", b'{"specversion": "1.0"}', b"[]"])
async def test_what_is_no_event_of_ours_is_rejected(registry: CollectorRegistry, body: bytes) -> None:
    channel = Channel()

    assert await EventHandler((channel,), NotificationMetrics(registry))(Delivery(body)) is Disposition.REJECT

    assert not channel.sent
    assert registry.get_sample_value("darkroom_events_total", {"type": "unreadable"}) == 1
