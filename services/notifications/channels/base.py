"""The ways an event reaches somebody. Each channel is told every event; the log is the first of them."""

from typing import Protocol

import structlog

from common.model.messages import Event

log = structlog.get_logger(__name__)


class Channel(Protocol):
    """Tells somebody about an event. Raises SurroundingsError when it is worth another try."""

    async def tell(self, event: Event) -> None:
        """Pass the event on."""


class LogChannel:
    """One structured line an event."""

    async def tell(self, event: Event) -> None:
        log.info(
            "notification",
            event_id=event.id,
            event_type=event.type,
            status=event.data.status,
            error_code=event.data.error_code or None,
            error=event.data.error or None,
        )
