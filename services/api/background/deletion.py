"""Deletes images, and announces that they are gone, however often the process is killed meanwhile."""

import structlog

from common.broker import Publisher
from common.errors import BrokerUnavailableError, TransientError
from common.model.messages import deleted_event
from common.model.records import now
from common.store import EventOutbox, PendingEvent, Stores

log = structlog.get_logger(__name__)


async def delete_image(stores: Stores, publisher: Publisher, image_id: str) -> bool:
    """Delete the image and publish `image.deleted`; return False when there was no such image.

    An event that the broker does not take waits in the store. Raises TransientError when the store cannot delete.
    """
    # The event first: once the image is gone nothing else knows that its deletion is to be announced.
    pending = PendingEvent(image_id=image_id, type="image.deleted", occurred_at=now())
    await stores.events.add(pending)
    if not await stores.catalog.delete(image_id):
        return False
    log.info("image.deleted", image_id=image_id)
    await _add_again(stores.events, pending)
    try:
        await publisher.publish_event(deleted_event(image_id, pending.occurred_at))
    except BrokerUnavailableError as error:
        log.warning("event.deferred", image_id=image_id, type=pending.type, reason=str(error))
        return True
    await stores.events.remove([pending])
    return True


async def _add_again(events: EventOutbox, pending: PendingEvent) -> None:
    """Have the event wait, should a relay have dropped it because the image was still there for so long."""
    try:
        await events.add(pending)
    except TransientError as error:  # the image is gone, and the first addition most likely stands
        log.warning("event.not_added_again", image_id=pending.image_id, reason=str(error))
