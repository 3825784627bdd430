from structlog.testing import capture_logs

from common.model import image_ids
from common.model.messages import finished_event
from common.model.status import status_of_result
from services.notifications.channels.log import LogChannel
from tests.support.store.stored_images import failed, manifest


async def test_the_log_has_one_line_an_event_with_its_end_and_reason() -> None:
    image_id = image_ids.new()
    result = failed(image_id)
    event = finished_event(status_of_result(manifest(image_id), result), result)

    with capture_logs() as lines:
        await LogChannel().send(event)

    (line,) = lines
    assert line == {
        "event": "notification.sent",
        "log_level": "info",
        "event_id": event.id,
        "event_type": "image.failed",
        "status": "failed",
        "error_code": "corrupt_image",
        "error": "the image is damaged",
    }
