"""Writes events to the log, one structured line each."""

import structlog

from common.model.messages import Event

log = structlog.get_logger(__name__)


class LogChannel:
    """Writes each event to the service's log as `notification.sent`."""

    async def send(self, event: Event) -> None:
        """Write the event's line."""
        log.info(
            "notification.sent",
            event_id=event.id,
            event_type=event.type,
            status=event.data.status,
            error_code=event.data.error_code or None,
            error=event.data.error or None,
        )
