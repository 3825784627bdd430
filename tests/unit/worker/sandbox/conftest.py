"""Decoders in processes of their own, ended with their test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from common.inspection.limits import ImageLimits
from services.worker.sandbox.forkserver_client import FORKSERVER, ForkServer
from services.worker.sandbox.isolated_decoder import IsolatedDecoder

StartDecoder = Callable[..., IsolatedDecoder]
FAULTY = "tests.support.processes.faulty_decoder"


@pytest.fixture
def start_decoder() -> Iterator[StartDecoder]:
    """Starts a decoder: `start_decoder(module=FAULTY, memory_bytes=...)`."""
    with ExitStack() as stack:

        def start(
            *,
            module: str = FORKSERVER,
            limits: ImageLimits | None = None,
            memory_bytes: int = 1 << 30,
            cpu_seconds: float = 30.0,
            images_per_process: int = 100,
        ) -> IsolatedDecoder:
            bounds = limits or ImageLimits()
            decoder = stack.enter_context(
                closing(
                    IsolatedDecoder(
                        ForkServer(bounds, memory_bytes, module=module),
                        bounds,
                        cpu_seconds=cpu_seconds,
                        images_per_process=images_per_process,
                    )
                )
            )
            decoder.start()
            return decoder

        yield start
