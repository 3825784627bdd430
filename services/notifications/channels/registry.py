"""Builds the channels that events are sent to; a new channel is a module here and a line below."""

from services.notifications.channels.base import Channel
from services.notifications.channels.log import LogChannel


def build_channels() -> tuple[Channel, ...]:
    """Return every channel; each is given every event."""
    return (LogChannel(),)
