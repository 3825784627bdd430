import errno
import struct

import pytest
from PIL import Image, UnidentifiedImageError

from common.errors import DarkroomError, TimedOutError
from services.worker.decoding.errors import translate_decode_errors, translate_render_errors


@pytest.mark.parametrize(
    "raised, code",
    [
        (MemoryError(), "out_of_memory"),
        (OSError("out of memory error when reading image file"), "out_of_memory"),
        (OSError("image file is truncated (8 bytes not processed)"), "corrupt_image"),
        (OSError(errno.EIO, "Input/output error", "/data/images/x"), "store_unavailable"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/data/images/x"), "store_unavailable"),
        (UnidentifiedImageError("cannot identify /data/images/x"), "unsupported_format"),
        (Image.DecompressionBombError("huge"), "image_too_large"),
        (Image.DecompressionBombWarning("large"), "image_too_large"),
        (SyntaxError("broken PNG file"), "corrupt_image"),
        (struct.error("unpack requires 4 bytes"), "corrupt_image"),
        (ValueError("/data/images/x"), "corrupt_image"),
        (TimedOutError("too long"), "timed_out"),
    ],
)
def test_what_goes_wrong_in_decoding_is_named_without_paths(raised: Exception, code: str) -> None:
    with pytest.raises(DarkroomError) as caught, translate_decode_errors():
        raise raised
    assert caught.value.code == code
    assert "/data" not in str(caught.value)
    assert str(caught.value)


@pytest.mark.parametrize(
    "raised, code",
    [
        (MemoryError(), "out_of_memory"),
        (OSError("out of memory error when writing image file"), "out_of_memory"),
        (OSError("encoding error 1"), "out_of_memory"),
        (RuntimeError("Failed to encode image: Encoding of color planes failed"), "out_of_memory"),
        (ValueError("/data/images/x"), "invalid_recipe"),
        (OSError("encoder error -2 when writing image file"), "invalid_recipe"),
        (TimedOutError("too long"), "timed_out"),
    ],
)
def test_what_goes_wrong_in_rendering_names_the_output(raised: Exception, code: str) -> None:
    with pytest.raises(DarkroomError) as caught, translate_render_errors("large"):
        raise raised
    assert caught.value.code == code
    if code == "invalid_recipe":
        assert "large" in str(caught.value)
    assert "/data" not in str(caught.value)
