"""Services started in another way than an operator does: with a faulty decoder, or dying at a step of their own."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.processes import disturbed, dying
from tests.support.processes.children import Child
from tests.support.processes.services import Service


class Variant(Service):
    """A service whose process is `python -m` something else."""

    def __init__(
        self, kind: str, name: str, folder: Path, settings: Mapping[str, str], modules: Sequence[str]
    ) -> None:
        super().__init__(kind, name, folder, settings)
        self._modules = modules

    def start(self) -> None:
        assert self._child is None or not self._child.running, f"{self.name} runs"
        self._child = Child([sys.executable, "-m", *self._modules], self._environment, self._log)


def faulty_worker(name: str, folder: Path, settings: Mapping[str, str]) -> Variant:
    """A worker that obeys the marks of tests.support.processes.marks."""
    return Variant("worker", name, folder, settings, ["tests.support.processes.faulty_worker"])


def dying_service(kind: str, name: str, folder: Path, settings: Mapping[str, str], step: str) -> Variant:
    """A service that kills itself at a step (see tests.support.processes.dying)."""
    modules = ["tests.support.processes.dying", f"services.{kind}"]
    return Variant(kind, name, folder, {**settings, dying.VARIABLE: step}, modules)


def disturbed_service(kind: str, name: str, folder: Path, settings: Mapping[str, str]) -> Variant:
    """A service whose disk stalls and whose clock steps as its folder `disturbances` says."""
    modules = ["tests.support.processes.disturbed", f"services.{kind}"]
    variables = {disturbed.VARIABLE: str(folder / f"{name}.disturbances")}
    service = Variant(kind, name, folder, {**settings, **variables}, modules)
    service.disturbances.mkdir(exist_ok=True)
    return service
