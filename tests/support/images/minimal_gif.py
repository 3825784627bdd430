"""The smallest image there is, for tests that are about everything but the image."""

from typing import Final

GIF: Final = bytes.fromhex(
    "474946383961010001008000 00ffffff000000 2c00000000010001000002024401003b".replace(" ", "")
)
"""A white dot: 35 bytes."""
