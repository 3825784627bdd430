"""An image decoded in a child process: as good as one decoded here, and whatever it does there costs one job."""

import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from common.errors import (
    DarkroomError,
    ImageTooLargeError,
    OutOfMemoryError,
    TimedOutError,
)
from common.inspection.limits import ImageLimits
from common.recipes.geometry import Resize
from common.recipes.recipe import Output, Recipe
from services.worker.decoding.assets import Assets
from services.worker.decoding.image_header import configure_pillow
from services.worker.pipeline.pipeline import PipelineResult, develop
from services.worker.sandbox.isolated_decoder import IsolatedDecoder
from services.worker.sandbox.lease import (
    DecoderCrashedError,
    DecoderKilledError,
    DecoderUnavailableError,
)
from tests.support.images.complex_files import swallowed_frames
from tests.support.images.drawings import encoded, photograph
from tests.support.images.hostile import HOSTILE
from tests.support.images.samples import SOUND
from tests.support.processes.marks import (
    crashing_decoder,
    hanging_decoder,
    hungry_decoder,
    lying_decoder,
    stalling_decoder,
)
from tests.support.waiting import wait_until
from tests.unit.worker.sandbox.conftest import FAULTY, StartDecoder

ANIMATED = Recipe(
    outputs=(
        Output(
            name="small", format="webp", operations=(Resize(width=60, height=60),), keep=("icc", "copyright")
        ),
        Output(name="whole", format="jpeg"),
    )
)
SMALL = photograph(64, 48)


def developed(
    decoder: IsolatedDecoder | None,
    data: bytes,
    folder: Path,
    *,
    limits: ImageLimits | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> PipelineResult:
    bounds = limits or ImageLimits()
    configure_pillow(bounds)  # pytest gives every test filters of its own
    source = folder / "original"
    source.write_bytes(data)
    return develop(source, ANIMATED, limits=bounds, assets=Assets(), cancelled=cancelled, decoder=decoder)


def outcome(decoder: IsolatedDecoder | None, data: bytes, folder: Path) -> object:
    """All that is made of a file, or the error that it ends with."""
    try:
        made = developed(decoder, data, folder)
    except DarkroomError as error:
        return error.code, str(error)
    return (
        made.source,
        made.image,
        [(each.filename, each.data, each.report.frames) for each in made.outputs],
    )


def test_every_sound_image_comes_out_the_same(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder()
    for name, make in SOUND.items():
        data = make().data
        assert outcome(decoder, data, tmp_path) == outcome(None, data, tmp_path), name
    assert len(decoder.process_ids()) == 1, "one process has decoded them all"


def test_every_hostile_file_ends_the_same(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder()
    for name, make in HOSTILE.items():
        data = make().data
        assert outcome(decoder, data, tmp_path) == outcome(None, data, tmp_path), name


def test_the_frames_that_a_process_decodes_have_no_more_pixels_than_all_of_them_may(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    """Whatever was inspected: what counts is what the process decodes."""
    limits = ImageLimits(max_total_pixels=30_000)
    decoder = start_decoder(limits=limits)

    with pytest.raises(ImageTooLargeError, match="pixels and more in all, 30000 is the limit"):
        developed(decoder, swallowed_frames(100), tmp_path, limits=limits)


def test_a_process_that_was_killed_while_idle_costs_nothing(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    decoder = start_decoder()
    (before,) = decoder.process_ids()
    os.kill(before, signal.SIGKILL)

    assert developed(decoder, SMALL, tmp_path).outputs

    assert decoder.process_ids() != {before}


def test_the_fork_server_is_started_again(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder()
    (process,) = decoder.process_ids()
    os.kill(_parent_of(process), signal.SIGKILL)
    wait_until(lambda: not _runs(process), "its decoders die with it")

    assert developed(decoder, SMALL, tmp_path).outputs


def test_what_crashes_the_decoder_twice_is_the_fault_of_the_image(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    decoder = start_decoder(module=FAULTY)

    with pytest.raises(DecoderCrashedError, match="SIGSEGV"):
        developed(decoder, crashing_decoder(SMALL), tmp_path)

    assert developed(decoder, SMALL, tmp_path).outputs, "the next image is developed"


def test_what_is_killed_twice_from_outside_is_tried_again_later(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    decoder = start_decoder(module=FAULTY)
    killed: list[int] = []

    def kill_it() -> bool:
        for each in decoder.process_ids() - set(killed):
            killed.append(each)
            os.kill(each, signal.SIGKILL)
        return False

    with pytest.raises(DecoderKilledError):
        developed(decoder, stalling_decoder(SMALL), tmp_path, cancelled=kill_it)
    assert len(killed) == 2


def test_a_decoder_that_lies_about_its_pixels_is_not_believed(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    decoder = start_decoder(module=FAULTY)
    (before,) = decoder.process_ids()

    with pytest.raises(DecoderCrashedError, match="must not"):
        developed(decoder, lying_decoder(SMALL), tmp_path)

    assert not _runs(before)
    assert developed(decoder, SMALL, tmp_path).outputs


def test_memory_is_bounded_for_the_process(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder(module=FAULTY)
    (before,) = decoder.process_ids()

    with pytest.raises(OutOfMemoryError):
        developed(decoder, hungry_decoder(SMALL), tmp_path)

    assert developed(decoder, SMALL, tmp_path).outputs
    assert decoder.process_ids() == {before}, "the process lives on"


def test_a_large_image_does_not_fit_into_little_memory(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder(memory_bytes=160 * 1024 * 1024)
    with pytest.raises(OutOfMemoryError):
        developed(decoder, encoded(Image.new("RGB", (7000, 7000)), "PNG"), tmp_path)


@pytest.mark.parametrize("mark", [hanging_decoder, stalling_decoder])
def test_a_cancelled_decoder_is_killed_and_the_thread_goes_on(
    start_decoder: StartDecoder, tmp_path: Path, mark: Callable[[bytes], bytes]
) -> None:
    decoder = start_decoder(module=FAULTY)
    (before,) = decoder.process_ids()
    deadline = time.monotonic() + 0.5

    with pytest.raises(TimedOutError):
        developed(decoder, mark(SMALL), tmp_path, cancelled=lambda: time.monotonic() > deadline)

    assert not _runs(before)
    assert developed(decoder, SMALL, tmp_path).outputs


def test_the_kernel_bounds_the_processor_time_of_an_image(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    """Also when the worker itself is stopped, and looks after nothing."""
    decoder = start_decoder(module=FAULTY, cpu_seconds=0.5)

    with pytest.raises(TimedOutError, match="processor time"):
        developed(decoder, hanging_decoder(SMALL), tmp_path)


def test_the_processor_time_is_charged_to_the_thread(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder, thread = start_decoder(), threading.get_ident()
    developed(decoder, SMALL, tmp_path)
    after_one = decoder.cpu_seconds(thread)
    developed(decoder, photograph(2000, 1500), tmp_path)

    assert 0 < after_one < decoder.cpu_seconds(thread)
    assert decoder.cpu_seconds(0) == 0


def test_a_process_is_replaced_after_its_share_of_images(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder(images_per_process=2)
    seen = []
    for _ in range(4):
        seen.append(decoder.process_ids())
        developed(decoder, SMALL, tmp_path)
    assert seen[0] == seen[1] == {*seen[0]}
    assert seen[2] == set(), "it has ended after its second"
    assert seen[3] != seen[0]


def test_nothing_is_left_open_after_many_images(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder(module=FAULTY, images_per_process=3)
    gif = SOUND["gif, animated"]().data
    developed(decoder, gif, tmp_path)
    before = _open_files()
    for data in (SMALL, gif, crashing_decoder(SMALL), lying_decoder(SMALL), b"no image", gif) * 3:
        outcome(decoder, data, tmp_path)

    assert _open_files() <= before
    assert not _shared_memory(), "no image is held, no memory is mapped"
    decoder.close()
    assert _children() == set(), "neither a process nor a zombie"


def test_the_process_has_limits_of_its_own(start_decoder: StartDecoder) -> None:
    (process,) = start_decoder(memory_bytes=1 << 30).process_ids()
    lines = Path(f"/proc/{process}/limits").read_text().splitlines()
    limits = {line[:25].strip(): line[25:].split()[:2] for line in lines}
    assert limits["Max address space"] == [str(1 << 30)] * 2
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["10", "10"]
    assert int(limits["Max file size"][0]) == ImageLimits().max_pixels * 4 + 4 * 1024 * 1024
    status = Path(f"/proc/{process}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_nothing_of_the_environment_is_in_the_process(
    start_decoder: StartDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://user:secret@host/")
    (process,) = start_decoder().process_ids()
    assert b"secret" not in Path(f"/proc/{process}/environ").read_bytes()


def test_without_a_fork_server_the_job_is_tried_again_later(
    start_decoder: StartDecoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = start_decoder(images_per_process=1)
    developed(decoder, SMALL, tmp_path)
    (fork_server,) = _children()
    monkeypatch.setattr("sys.executable", "/bin/false")
    os.kill(fork_server, signal.SIGKILL)

    with pytest.raises(DecoderUnavailableError):
        developed(decoder, SMALL, tmp_path)


def test_a_fork_server_that_stands_still_is_replaced(start_decoder: StartDecoder, tmp_path: Path) -> None:
    decoder = start_decoder(images_per_process=1)
    developed(decoder, SMALL, tmp_path)
    (fork_server,) = _children()
    os.kill(fork_server, signal.SIGSTOP)

    with pytest.raises(DecoderUnavailableError, match="did not answer"):
        developed(decoder, SMALL, tmp_path)

    assert developed(decoder, SMALL, tmp_path).outputs
    assert fork_server not in _children()


def test_a_worker_without_descriptors_tries_the_job_again_later(
    start_decoder: StartDecoder, tmp_path: Path
) -> None:
    """Whatever it is that finds no descriptor, the image is not to blame."""
    decoder = start_decoder(images_per_process=1)
    assert developed(decoder, SMALL, tmp_path).outputs
    codes = set()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for spare in range(2, 8):
        resource.setrlimit(resource.RLIMIT_NOFILE, (_first_free_descriptor() + spare, hard))
        try:
            made = outcome(decoder, SMALL, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        codes.add(made[0] if isinstance(made, tuple) and isinstance(made[0], str) else "developed")

    assert codes <= {"developed", "decoder_unavailable", "store_unavailable"}
    assert "decoder_unavailable" in codes
    assert developed(decoder, SMALL, tmp_path).outputs


def _first_free_descriptor() -> int:
    file = os.dup(0)
    os.close(file)
    return file


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _children() -> set[int]:
    """The processes that this one has started, zombies among them, that are fork servers."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            if _parent_of(int(folder.name)) == os.getpid() and (
                "forkserver" in command or "faulty" in command
            ):
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _shared_memory() -> list[str]:
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if "memfd:" in line]
