"""Translates what Pillow raises into errors of common.errors, without paths."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from common.errors import (
    CorruptImageError,
    DarkroomError,
    ImageTooLargeError,
    InvalidRecipeError,
    OutOfMemoryError,
    StoreUnavailableError,
    UnsupportedFormatError,
)

# Of an encoder that was given an image whose size its format can hold, nothing else can fail at these. WebP's numbers
# are VP8_ENC_ERROR_OUT_OF_MEMORY and VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY.
_SIGNS_OF_MEMORY = (
    "out of memory",
    "encoding error 1",
    "encoding error 2",
    "Pixel allocation failed",
    "Conversion to YUV failed",
    "Failed to encode image",
    "Failed to finish encoding",
)
_OUT_OF_MEMORY = "developing the image takes more memory than a worker has"


@contextmanager
def translate_decode_errors() -> Iterator[None]:
    """Raise what goes wrong inside as the fault of the bytes, or of the store they are read from."""
    try:
        yield
    except DarkroomError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(_OUT_OF_MEMORY) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError("the image has more pixels than a worker develops") from error
    except UnidentifiedImageError as error:
        raise UnsupportedFormatError("the file is no image of a format that is taken") from error
    except OSError as error:
        raise _of_reading(error) from error
    except Exception as error:  # decoders raise nearly anything when the bytes are wrong
        raise CorruptImageError(f"the image is damaged ({type(error).__name__})") from error


@contextmanager
def translate_render_errors(output: str) -> Iterator[None]:
    """Raise what goes wrong inside as something that cannot be made of this image: its bytes are sound."""
    try:
        yield
    except DarkroomError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(_OUT_OF_MEMORY) from error
    except Exception as error:  # a job ends with a reason, whatever an operation trips over
        if _tells_of_memory(error):
            raise OutOfMemoryError(_OUT_OF_MEMORY) from error
        raise InvalidRecipeError(f"the output {output} cannot be made of this image") from error


def _of_reading(error: OSError) -> DarkroomError:
    """Only the operating system's errors carry a number; Pillow's own are about the bytes."""
    if error.errno is not None:
        return StoreUnavailableError(f"the original cannot be read: {error.strerror}")
    if _tells_of_memory(error):
        return OutOfMemoryError(_OUT_OF_MEMORY)
    return CorruptImageError("the image is damaged or ends too early")


def _tells_of_memory(error: Exception) -> bool:
    """Pillow's codecs report a failed allocation in their own ways."""
    return isinstance(error, OSError | RuntimeError) and str(error).startswith(_SIGNS_OF_MEMORY)
