"""Defines Darkroom's errors, grouped by what caused them; HTTP statuses belong to the API alone.

Each class carries a stable `code` (what programs compare) and a message (what people read). An error of the image is
final; an error of the environment (disk, broker) is transient and worth another try.
"""

from typing import ClassVar


class DarkroomError(Exception):
    """Something Darkroom knows how to name."""

    code: ClassVar[str] = "internal_error"


class ConfigurationError(DarkroomError):
    """A setting is missing or out of bounds; the process ends with this message and no traceback."""

    code = "invalid_configuration"


class ImageError(DarkroomError):
    """The image is at fault: the same bytes fail the same way every time, so it is never retried."""

    code = "invalid_image"


class CorruptImageError(ImageError):
    """The bytes are damaged or end too early."""

    code = "corrupt_image"


class UnsupportedFormatError(ImageError):
    """The bytes are no image, or of a format that is not on the allow-list."""

    code = "unsupported_format"


class _WithLimit(Exception):  # noqa: N818 - a part of errors, and none by itself
    """Something of an image is over a limit, which is known where one number decided."""

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit


class ImageTooLargeError(_WithLimit, ImageError):
    """The image has more pixels or frames than a worker will decode."""

    code = "image_too_large"


class ImageTooComplexError(_WithLimit, ImageError):
    """The image's file is in more pieces than an image of its length needs, or has too many scans."""

    code = "image_too_complex"


class OutOfMemoryError(ImageError):
    """Developing the image took more memory than the worker may use."""

    code = "out_of_memory"


class TimedOutError(ImageError):
    """Developing the image took longer than a job may take."""

    code = "timed_out"


class InvalidRecipeError(ImageError):
    """The recipe asks for something that cannot be made of this image."""

    code = "invalid_recipe"


class TransientError(DarkroomError):
    """The environment (disk, broker) failed, not the image: worth another try later."""

    code = "unavailable"


class StoreUnavailableError(TransientError):
    """The store cannot be read or written."""

    code = "store_unavailable"


class UnreadableRecordError(StoreUnavailableError):
    """A record of one image is damaged; the store as a whole answers."""

    code = "record_unreadable"


class StoreFullError(TransientError):
    """The store has no room left."""

    code = "store_full"


class BrokerUnavailableError(TransientError):
    """The broker did not confirm in time. What was published may still be delivered."""

    code = "broker_unavailable"


class PublishNackedError(BrokerUnavailableError):
    """The broker answered and took the message not (basic.nack): a queue that it was routed to is full.

    Other queues of the same exchange may have received it.
    """

    code = "publish_nacked"


class BrokerRefusedError(ConfigurationError):
    """The broker refuses the credentials or the virtual host: waiting does not help."""

    code = "broker_refused"


class TopologyConflictError(ConfigurationError):
    """The broker holds a queue or an exchange of our name with other properties: waiting does not help."""

    code = "topology_conflict"


class ConnectionStalledError(DarkroomError):
    """The connection stayed dead although the broker accepts new ones: the process must be started again."""

    code = "connection_stalled"


class ImageGoneError(DarkroomError):
    """The image was deleted while somebody worked on it."""

    code = "image_gone"


class UnreadableMessageError(DarkroomError):
    """A message on the queue is not one of ours, or of a version this process does not know."""

    code = "unreadable_message"
