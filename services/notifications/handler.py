"""Handles a delivery: sends the event to every channel, then acknowledges it."""

import structlog

from common.broker import Delivery, Disposition
from common.errors import TransientError, UnreadableMessageError
from common.model.messages import decode_event
from services.notifications.channels.base import Channel
from services.notifications.metrics import NotificationMetrics

log = structlog.get_logger(__name__)


class EventHandler:
    """Handles the deliveries of the notifications' queue with `channels`, in their order."""

    def __init__(self, channels: tuple[Channel, ...], metrics: NotificationMetrics) -> None:
        self._channels = channels
        self._metrics = metrics

    async def __call__(self, delivery: Delivery) -> Disposition:
        """Return what becomes of the delivery: rejected when it is no event, requeued on a TransientError."""
        try:
            event = decode_event(delivery.body)
        except UnreadableMessageError as error:
            # Anyone may publish on a fanout; what is not an event of ours is no loss.
            log.error("event.unreadable", reason=str(error), bytes=len(delivery.body))
            self._metrics.events.labels("unreadable").inc()
            return Disposition.REJECT
        with structlog.contextvars.bound_contextvars(image_id=event.subject):
            try:
                for channel in self._channels:
                    await channel.send(event)
            except TransientError as error:
                log.warning("event.deferred", reason=str(error))
                return Disposition.REQUEUE
        self._metrics.events.labels(event.type).inc()
        return Disposition.ACK
