"""Extends Pillow's readers of PNG and GIF to accept what sound files hold: long metadata, and gray before color."""

import zlib
from typing import IO, Final, cast

from PIL import GifImagePlugin, Image, ImageFile, PngImagePlugin

MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024  # printers' CMYK profiles have up to three million
_MAX_TEXT_BYTES: Final = 1024 * 1024  # of one text, unpacked; what Pillow itself takes
_MAX_TEXT_TOTAL_BYTES: Final = 4 * _MAX_TEXT_BYTES
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})


class BoundedPngStream(PngImagePlugin.PngStream):
    """Drops texts and color profiles that are longer than anybody needs, where Pillow refuses the whole image."""

    def call(self, cid: bytes, pos: int, length: int) -> bytes:
        """Read one chunk. Returns its bytes, of which the caller takes the checksum."""
        if cid not in _TEXTS:
            return super().call(cid, pos, length)
        if length <= _MAX_TEXT_BYTES and self.text_memory <= _MAX_TEXT_TOTAL_BYTES:
            try:
                return super().call(cid, pos, length)
            except (ValueError, SyntaxError):  # too long unpacked, or no text: the pixels may be good
                self._file.seek(pos)
        return self._read(length)

    def chunk_tRNS(self, pos: int, length: int) -> bytes:  # noqa: N802 - as Pillow calls it
        """Read the color that is transparent; of 16 bits a channel the upper half, as the pixels are read."""
        data = super().chunk_tRNS(pos, length)
        if self.im_rawmode == "RGB;16B" and "transparency" in self.im_info:
            self.im_info["transparency"] = tuple(value >> 8 for value in self.im_info["transparency"])
        return data

    def chunk_iCCP(self, pos: int, length: int) -> bytes:  # noqa: ARG002, N802 - as Pillow calls it
        """Unpack the color profile, up to the length that is ever used."""
        data = self._read(length)
        _, _, packed = data.partition(b"\0")
        unpacker = zlib.decompressobj()
        try:
            profile = unpacker.decompress(packed[1:], MAX_PROFILE_BYTES) if packed[:1] == b"\0" else b""
        except zlib.error:
            profile = b""
        self.im_info["icc_profile"] = None if unpacker.unconsumed_tail or not profile else profile
        return data

    @property
    def _file(self) -> IO[bytes]:
        return cast("IO[bytes]", self.fp)

    def _read(self, length: int) -> bytes:
        return ImageFile._safe_read(self._file, length)


class ColorGifImageFile(GifImagePlugin.GifImageFile):
    """Turns a canvas of grays into one of colors before the second frame, where Pillow fails at a colored one."""

    def _seek(self, frame: int, update_image: bool = True) -> None:
        if frame > 0 and update_image and self.mode == "L":
            self.load()
            transparent = self.info.pop("transparency", None)
            if transparent is not None:
                self.im = self.im.convert_transparent("LA", transparent)
            self._mode = "RGB" if transparent is None else "RGBA"
            self.im = self.im.convert(self._mode, Image.Dither.NONE)
        super()._seek(frame, update_image)


def install_plugins() -> None:
    """Make Pillow use these in this process."""
    setattr(PngImagePlugin, "PngStream", BoundedPngStream)  # noqa: B010 - to mypy, a class is no variable
    accept = Image.OPEN["GIF"][1]
    Image.register_open("GIF", ColorGifImageFile, accept)
