"""A kept profile is made anew: the same colors, and nothing else of the original's bytes."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from services.worker.decoding.icc_profile import rebuild_rgb_profile
from tests.support.images import icc
from tests.support.images.sample_makers import srgb_profile

MANY_POINTS = b"curv\0\0\0\0" + struct.pack(">I", 10**6) + bytes(2 * 10**6)
SECRET = b"serial number 4711"
SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]


def replaced(profile: bytes, tag: bytes, data: bytes) -> bytes:
    """The profile with another tag's data, appended."""
    at = profile.index(tag, 128)
    padded = profile + b"\0" * (-len(profile) % 4)
    index = tag + struct.pack(">II", len(padded), len(data))
    grown = padded[:at] + index + padded[at + 12 :] + data
    return struct.pack(">I", len(grown)) + grown[4:]


def parametric(profile: bytes) -> bytes:
    """A version 4 profile with sRGB's curve as a formula, as phones have it."""
    curve = b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *(round(value * 65536) for value in SRGB_CURVE))
    for tag in (b"rTRC", b"gTRC", b"bTRC"):
        profile = replaced(profile, tag, curve)
    return profile[:8] + struct.pack(">I", 0x04300000) + profile[12:]


def sampled(profile: bytes, points: list[int]) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(f">I{len(points)}H", len(points), *points)
    for tag in (b"rTRC", b"gTRC", b"bTRC"):
        profile = replaced(profile, tag, curve)
    return profile


KEPT = {
    "Display P3": icc.rgb_profile(),
    "a gamma of 1.8": icc.rgb_profile(icc.SRGB, 1.8),
    "sRGB of LittleCMS, version 4 or 2": srgb_profile(),
    "formulas": parametric(icc.rgb_profile()),
    "points": sampled(icc.rgb_profile(), [round(65535 * (n / 1023) ** 2) for n in range(1024)]),
    "no point: linear": sampled(icc.rgb_profile(), []),
}
REFUSED = {
    "nothing": b"",
    "noise": bytes(range(256)) * 40,
    "zeros": bytes(10_000),
    "half": icc.rgb_profile()[:200],
    "CMYK": icc.cmyk_profile(),
    "gray": icc.gray_profile(2.0),
    "a lookup table": replaced(icc.rgb_profile(), b"cprt", b"").replace(b"cprt", b"A2B0"),
    "no primaries": icc.rgb_profile().replace(b"gXYZ", b"xXYZ"),
    "a tag beyond the end": icc.rgb_profile().replace(b"gXYZ", b"gXYZ\x7f", 1),
    "a million tags": icc.rgb_profile()[:128] + struct.pack(">I", 10**6) + bytes(4000),
    "a million points": replaced(icc.rgb_profile(), b"gTRC", MANY_POINTS),
    "a falling curve": sampled(icc.rgb_profile(), [0, 9, 3, 65535]),
    "an unknown formula": replaced(icc.rgb_profile(), b"gTRC", b"para\0\0\0\0\0\7\0\0" + bytes(40)),
    "too long": icc.rgb_profile() + bytes(5_000_000),
}


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
    result = ImageCms.profileToProfile(image, source, target)
    assert result is not None
    return result


@pytest.mark.parametrize("kind", KEPT)
def test_colors_are_the_same_by_the_profile_made_anew(kind: str) -> None:
    rebuilt = rebuild_rgb_profile(KEPT[kind])
    assert rebuilt is not None
    image = Image.merge("RGB", [Image.effect_noise((64, 64), 90) for _ in range(3)])

    difference = ImageChops.difference(in_srgb(image, KEPT[kind]), in_srgb(image, rebuilt))

    assert max(high for _, high in difference.getextrema()) <= 1  # type: ignore[misc]
    assert rebuild_rgb_profile(rebuilt) == rebuilt


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_primaries_and_curves_of_rgb_is_refused(kind: str) -> None:
    assert rebuild_rgb_profile(REFUSED[kind]) is None


@pytest.mark.parametrize("kind", KEPT)
def test_nothing_else_of_the_original_is_left(kind: str) -> None:
    marked = replaced(KEPT[kind], b"cprt", b"text\0\0\0\0" + SECRET)
    marked = (
        replaced(marked, b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061) + SECRET)
        + SECRET * 100
    )
    marked = marked[:4] + SECRET[:4] + marked[8:80] + SECRET[:4] + marked[84:]

    rebuilt = rebuild_rgb_profile(marked)

    assert rebuilt is not None
    assert SECRET[:4] not in rebuilt
    assert len(rebuilt) == int.from_bytes(rebuilt[:4], "big") < 30_000


@given(st.data())
def test_no_damage_gives_anything_but_a_profile_or_nothing(data: st.DataObject) -> None:
    profile = bytearray(KEPT["formulas"])
    for _ in range(data.draw(st.integers(1, 8))):
        profile[data.draw(st.integers(0, len(profile) - 1))] = data.draw(st.integers(0, 255))

    rebuilt = rebuild_rgb_profile(bytes(profile))

    assert rebuilt is None or rebuild_rgb_profile(rebuilt) == rebuilt
