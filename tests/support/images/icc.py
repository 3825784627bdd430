"""ICC profiles (version 2) made in code: RGB with any primaries, grayscale, and CMYK with inks of its own."""

import struct
from itertools import product

D50 = (0.9642, 1.0, 0.8249)
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def rgb_profile(primaries: tuple[tuple[float, float, float], ...] = DISPLAY_P3, gamma: float = 2.2) -> bytes:
    """A display profile: three primaries (XYZ, adapted to D50) and one gamma for all channels."""
    tags = {b"wtpt": _xyz(D50)}
    for channel, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([channel]) + b"XYZ"] = _xyz(primary)
        tags[bytes([channel]) + b"TRC"] = _gamma(gamma)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def gray_profile(gamma: float) -> bytes:
    """A grayscale profile with a gamma of its own."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": _xyz(D50), b"kTRC": _gamma(gamma)})


def cmyk_profile(inks: str = "CMY") -> bytes:
    """A printer's profile; `inks` says what is in its first three cartridges: "MCY" has cyan and magenta swapped."""
    grid = b"".join(_lab(_printed(amounts, inks)) for amounts in product((0, 1), repeat=4))
    identity = bytes(range(256))
    head = (
        b"mft1\0\0\0\0"
        + bytes([4, 3, 2, 0])
        + struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    )
    table = head + identity * 4 + grid + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": _xyz(D50), b"A2B0": table})


def _printed(amounts: tuple[int, ...], inks: str) -> tuple[int, int, int]:
    """The color (linear RGB, 0 or 1) of paper with these amounts of ink on it."""
    used = {ink for ink, amount in zip(inks + "K", amounts, strict=True) if amount}
    if "K" in used:
        return (0, 0, 0)
    return ("C" not in used, "M" not in used, "Y" not in used)


def _lab(rgb: tuple[int, int, int]) -> bytes:
    """Linear sRGB as CIE Lab in the 8 bits of an ICC table."""
    rows = (
        (0.4361, 0.3851, 0.1431),
        (0.2225, 0.7169, 0.0606),
        (0.0139, 0.0971, 0.7141),
    )  # sRGB to XYZ at D50
    xyz = [
        sum(a * b for a, b in zip(row, rgb, strict=True)) / white
        for row, white in zip(rows, D50, strict=True)
    ]
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz)
    lab = ((116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128)
    return bytes(min(255, max(0, round(value))) for value in lab)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _description(b"made in code"), b"cprt": b"text\0\0\0\0none\0", **tags}
    body, index = b"", struct.pack(">I", len(tags))
    for name, data in tags.items():
        index += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = struct.pack(
        ">I4sI4s4s4s", 132 + 12 * len(tags) + len(body), b"none", 0x02100000, kind, space, connection
    )
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + _xyz(D50)[8:]
    return header.ljust(128, b"\0") + index + body


def _description(text: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" * 79


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
