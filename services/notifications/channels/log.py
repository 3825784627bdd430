"""The log as a channel: one structured line an event."""

import structlog

from common.model.messages import Event

log = structlog.get_logger(__name__)


class LogChannel:
    """Writes each event to the service's log as `notification`."""

    async def send(self, event: Event) -> None:
        """Write the event's line."""
        log.info(
            "notification",
            event_id=event.id,
            event_type=event.type,
            status=event.data.status,
            error_code=event.data.error_code or None,
            error=event.data.error or None,
        )
