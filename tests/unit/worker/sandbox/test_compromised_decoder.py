"""What a decoder that was taken over can do to the worker: cost one image, and nothing that lasts."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.errors import CorruptImageError, StoreUnavailableError, TimedOutError
from common.inspection.limits import ImageLimits
from services.worker.sandbox.channel import ChannelError
from services.worker.sandbox.isolated_decoder import IsolatedDecoder
from services.worker.sandbox.lease import DecoderDiedError
from services.worker.sandbox.messages import FrameInfo
from services.worker.sandbox.shared_frame import map_frame
from tests.unit.worker.sandbox.conftest import StartDecoder

COMPROMISED = "tests.support.processes.compromised_decoder"


@pytest.fixture
def decoder(start_decoder: StartDecoder) -> IsolatedDecoder:
    return start_decoder(module=COMPROMISED, cpu_seconds=5.0)


@pytest.fixture
def decode(decoder: IsolatedDecoder, tmp_path: Path) -> Callable[..., int]:
    """Decodes a file that says what the decoder does; returns how many frames came."""

    def run(behavior: str, cancelled: Callable[[], bool] = lambda: False) -> int:
        path = tmp_path / "original"
        path.write_text(behavior)
        with decoder.open(path, cancelled) as source:
            return sum(1 for _ in source.decode(scale=1.0, keep_profile=False).frames())

    return run


def test_a_decoder_that_answers_at_once_is_asked_for_cancellation_at_every_frame(
    decode: Callable[..., int],
) -> None:
    asked = itertools.count()

    with pytest.raises(TimedOutError):
        decode("endless", lambda: next(asked) >= 20)


@pytest.mark.parametrize("behavior", ["too-many-frames", "too-large", "answer-unasked", "blame-store"])
def test_a_decoder_that_breaks_the_rules_is_ended(
    decoder: IsolatedDecoder, decode: Callable[..., int], behavior: str
) -> None:
    with pytest.raises(DecoderDiedError) as caught:
        decode(behavior)

    assert caught.value.final_error.code == "decoder_crashed"
    assert decoder.process_ids() == set()


def test_an_idle_decoder_uses_no_processor_time(decoder: IsolatedDecoder, decode: Callable[..., int]) -> None:
    with pytest.raises(CorruptImageError, match="spinning"):
        decode("spin")
    (process,) = decoder.process_ids()
    time.sleep(0.1)  # the signal is on its way
    before = _processor_seconds(process)
    time.sleep(0.5)

    assert _processor_seconds(process) == before


def test_shared_memory_is_held_in_few_pieces(decode: Callable[..., int]) -> None:
    with pytest.raises(CorruptImageError) as caught:
        decode("hoard")

    assert 2 <= int(str(caught.value).split()[1]) <= 6


def test_huge_pages_are_refused(decode: Callable[..., int]) -> None:
    with pytest.raises(CorruptImageError, match=r"errno 1$"):
        decode("huge-pages")


def test_memory_that_cannot_be_mapped_is_a_fault_of_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("services.worker.sandbox.shared_frame._check", lambda *_: None)
    monkeypatch.setattr("mmap.mmap", refuse)
    info = FrameInfo(mode="RGB", width=10, height=10, size=(10, 10), frame=(0, 0, 10, 10))
    with Path(__file__).open("rb") as file, pytest.raises(ChannelError, match="mapped"):
        map_frame(info, os.dup(file.fileno()), ImageLimits())


def test_a_reason_is_one_short_line(decode: Callable[..., int]) -> None:
    with pytest.raises(CorruptImageError) as caught:
        decode("forge-log")

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) == 500


def test_the_kernel_kills_a_decoder_that_ignores_its_limit(
    decoder: IsolatedDecoder, decode: Callable[..., int]
) -> None:
    with pytest.raises(CorruptImageError):
        decode("spin")
    (process,) = decoder.process_ids()

    soft, hard = _limits(process, "Max cpu time")

    assert soft <= 6
    assert hard == 601, "a hundred images of five seconds, a second of each rounded up"


def test_an_original_that_cannot_be_read_is_no_fault_of_the_decoder(
    decode: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.worker.sandbox.isolated_decoder._is_readable", lambda _: False)

    with pytest.raises(StoreUnavailableError):
        decode("blame-store")


def _processor_seconds(process: int) -> float:
    return time.clock_gettime((~process << 3) | 2)


def _limits(process: int, name: str) -> list[int]:
    line = next(
        line for line in Path(f"/proc/{process}/limits").read_text().splitlines() if line.startswith(name)
    )
    return [int(each) for each in line[len(name) :].split()[:2]]
