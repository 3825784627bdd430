import json
import subprocess
import sys

from tests.support.processes.children import ROOT

PROGRAM = """
import logging, structlog
from common.runtime import logging_setup
logging_setup.configure_logging("worker", "info")
ours = structlog.get_logger("ours")
with structlog.contextvars.bound_contextvars(image_id="an id"):
    ours.info("job.finished", status="completed")
    logging.getLogger("a.library").warning("said %s", "something")
    logging.getLogger("aio_pika.connection").info("chatter")
    ours.debug("too quiet to be told")
try:
    1 / 0
except ZeroDivisionError:
    ours.exception("it failed")
"""


def test_every_line_is_one_json_object_with_what_was_bound() -> None:
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert made.stderr == ""
    job, library, failure = [json.loads(line) for line in made.stdout.splitlines()]
    assert {"event": "job.finished", "status": "completed", "level": "info"}.items() <= job.items()
    assert (library["event"], library["level"]) == ("said something", "warning")
    assert job["image_id"] == library["image_id"] == "an id"
    assert "image_id" not in failure
    assert "ZeroDivisionError" in failure["exception"]
    assert all(
        line["service"] == "worker" and line["timestamp"].endswith("Z") for line in (job, library, failure)
    )
