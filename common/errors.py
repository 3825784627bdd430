"""The one tree of errors, by whose fault they are; HTTP statuses belong to the API alone.

Each class carries a stable `code` (what programs compare) and a message (what people read). A picture's fault is final;
a fault of the surroundings is worth another try.
"""

from typing import ClassVar


class DarkroomError(Exception):
    """Something Darkroom knows how to name."""

    code: ClassVar[str] = "internal_error"


class ConfigurationError(DarkroomError):
    """A setting is missing or out of bounds; the process ends with this message and no traceback."""

    code = "invalid_configuration"


class ImageError(DarkroomError):
    """The picture is at fault: the same bytes fail the same way every time, so it is never retried."""

    code = "invalid_image"


class CorruptImageError(ImageError):
    """The bytes are damaged or end too early."""

    code = "corrupt_image"


class UnsupportedFormatError(ImageError):
    """The bytes are no picture, or of a format that is not on the allow-list."""

    code = "unsupported_format"


class ImageTooLargeError(ImageError):
    """The picture has more pixels or frames than a worker will develop."""

    code = "image_too_large"


class OutOfMemoryError(ImageError):
    """Developing the picture took more memory than the worker may use."""

    code = "out_of_memory"


class TimedOutError(ImageError):
    """Developing the picture took longer than a job may take."""

    code = "timed_out"


class WorkerCrashedError(ImageError):
    """The picture was delivered as often as is allowed, and each time its worker died."""

    code = "worker_crashed"


class InvalidRecipeError(ImageError):
    """The recipe asks for something that cannot be made of this picture."""

    code = "invalid_recipe"


class TransientError(DarkroomError):
    """The surroundings are at fault, not the picture: worth another try later."""

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


class BrokerRefusedError(ConfigurationError):
    """The broker refuses the credentials or the virtual host: waiting does not help."""

    code = "broker_refused"


class ImageGoneError(DarkroomError):
    """The image was deleted while somebody worked on it."""

    code = "image_gone"


class UnreadableMessageError(DarkroomError):
    """A message on the queue is not one of ours, or of a version this process does not know."""

    code = "unreadable_message"
