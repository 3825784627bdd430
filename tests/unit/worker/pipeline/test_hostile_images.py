"""Files that must be refused: with the right error, soon, in little memory, and nothing else whatever the bytes."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import run

import pytest

from common.errors import ImageError, ImageTooLargeError
from common.inspection.limits import ImageLimits
from tests.support.images.develop import developed, recipe_of
from tests.support.images.drawings import encoded, scene
from tests.support.images.hostile import (
    HOSTILE,
    damaged,
    huge_png,
    many_frames_gif,
)
from tests.support.images.samples import SOUND
from tests.support.presets import default_recipe
from tests.support.processes.children import ROOT

MEBIBYTE = 1024 * 1024

ALONE = """
import resource, sys
from pathlib import Path
from common.errors import DarkroomError
from tests.support.presets import default_recipe
from services.worker.decoding.assets import Assets
from common.inspection.limits import ImageLimits
from services.worker.decoding.image_header import configure_pillow
from services.worker.pipeline.pipeline import develop
configure_pillow(ImageLimits())
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    develop(Path(sys.argv[1]), default_recipe(), limits=ImageLimits(), assets=Assets(), cancelled=lambda: False)
    outcome = "developed"
except DarkroomError as error:
    outcome = error.code
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(outcome, int(peak.split()[1]) * 1024)
"""


def developed_alone(data: bytes, folder: Path, *arguments: str) -> tuple[str, int]:
    """What became of the file in a process of its own: an error's code or `developed`, and the peak in bytes."""
    source = folder / "original"
    source.write_bytes(data)
    root = str(ROOT)
    command = [sys.executable, "-c", ALONE, str(source), *arguments]
    ended = run(
        command, capture_output=True, text=True, timeout=60, check=True, cwd=root, env={"PYTHONPATH": root}
    )
    outcome, peak = ended.stdout.split()
    return outcome, int(peak)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_reason(name: str) -> None:
    sample = HOSTILE[name]()
    began = time.monotonic()
    with pytest.raises(ImageError) as caught:
        developed(sample.data, default_recipe())
    assert time.monotonic() - began < 5
    assert caught.value.code == sample.code
    reason = str(caught.value)
    assert 10 < len(reason) < 120
    assert "/" not in reason
    assert "<" not in reason


@pytest.mark.parametrize(
    "data",
    [huge_png(), huge_png(20000), many_frames_gif(), many_frames_gif(100, 5000)],
    ids=["81 megapixels", "400 megapixels", "401 frames", "100 frames"],
)
def test_a_bomb_takes_no_memory(data: bytes, tmp_path: Path) -> None:
    outcome, peak = developed_alone(data, tmp_path)
    assert outcome == "image_too_large"
    assert peak < 100 * MEBIBYTE


def test_a_photograph_of_50_megapixels_is_developed_in_little_memory(tmp_path: Path) -> None:
    outcome, peak = developed_alone(encoded(scene(1024, 768).resize((8192, 6144)), "JPEG"), tmp_path)
    assert outcome == "developed"
    assert peak < 200 * MEBIBYTE


def test_too_little_memory_is_an_error_of_its_own(tmp_path: Path) -> None:
    data = encoded(scene(4000, 3000), "PNG", compress_level=1)
    outcome, _ = developed_alone(data, tmp_path, str(90 * MEBIBYTE))
    assert outcome == "out_of_memory"


@pytest.mark.parametrize(
    "name",
    [
        "jpeg, annotated", "jpeg, CMYK with profile", "png, annotated and turned", "png, palette with transparency",
        "webp, transparent", "webp, animated", "gif, animated", "tiff, compressed", "tiff, pages", "avif", "bmp",
        "heic",
    ],
)  # fmt: skip
def test_damaged_bytes_end_in_an_image_or_in_an_error_of_ours(name: str) -> None:
    data = SOUND[name]().data
    for seed in range(40):
        hurt = damaged(data[:600], seed) + data[600:] if seed % 2 else damaged(data, seed)
        with suppress(ImageError):
            developed(hurt, default_recipe())


def test_the_limits_are_the_operators() -> None:
    data = encoded(scene(100, 80), "PNG")
    assert developed(data, recipe_of(), limits=ImageLimits(max_pixels=8000)).outputs[0].width == 100
    with pytest.raises(ImageTooLargeError, match="7999"):
        developed(data, recipe_of(), limits=ImageLimits(max_pixels=7999))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_frames_are_limited_in_every_format(kind: str) -> None:
    frames = [scene(32, 24).rotate(90 * number) for number in range(1, 4)]
    data = encoded(scene(32, 24), kind, save_all=True, append_images=frames)
    source = developed(data, recipe_of(), limits=ImageLimits(max_frames=4)).source
    assert source is not None
    assert source.frames == 4
    with pytest.raises(ImageTooLargeError, match="more than 3"):
        developed(data, recipe_of(), limits=ImageLimits(max_frames=3))


def test_frames_times_pixels_are_limited() -> None:
    data = many_frames_gif(10, 100)
    developed(data, recipe_of(), limits=ImageLimits(max_total_pixels=100_000))
    with pytest.raises(ImageTooLargeError, match="100000 pixels in all"):
        developed(data, recipe_of(), limits=ImageLimits(max_total_pixels=99_999))
