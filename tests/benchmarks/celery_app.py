"""The same work as a Celery task."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from celery import Celery
from celery.signals import worker_process_init

from common.recipes.recipe import Recipe
from tests.benchmarks.work import developer

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", ""))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    task_default_delivery_mode="persistent",
    worker_hijack_root_logger=False,
)
_DEVELOPERS: dict[str, Callable[[Path, Recipe, Path], None]] = {}


@worker_process_init.connect
def _prepare(**_: object) -> None:
    _DEVELOPERS["one"] = developer()


@app.task(name="bench.develop")
def develop(source: str, recipe: str, target: str) -> None:
    """Develop the file `source` into `target`, whole or not at all."""
    temporary = Path(f"{target}.tmp")
    _DEVELOPERS["one"](Path(source), msgspec.json.decode(recipe, type=Recipe), temporary)
    temporary.replace(target)
