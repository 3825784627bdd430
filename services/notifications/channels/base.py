"""Defines a channel: one way to tell somebody about an event. `registry` builds those that there are."""

from typing import Protocol

from common.model.messages import Event


class Channel(Protocol):
    """Notifies somebody of events; every channel is given every event."""

    async def send(self, event: Event) -> None:
        """Send the event. Raises TransientError when another try may help; the event then comes again."""
