"""A private RabbitMQ node: on free ports, in a folder of its own, free to be killed, frozen and put under alarm."""

import os
import subprocess
from pathlib import Path
from uuid import uuid4

from tests.support.broker.management import PASSWORD, USER, Management
from tests.support.broker.vhost import Vhost
from tests.support.ports import HOST, free_port
from tests.support.processes.children import ROOT, Child
from tests.support.waiting import wait_until

_READY_WITHIN = 60.0  # seconds
_USUAL_WATERMARK = "0.4"


class BrokerNode:
    """Starts with `start`; whoever started it calls `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._management_port = free_port()
        self.management = Management(self._management_port)
        self._ports = {"RABBITMQ_DIST_PORT": str(free_port()), "ERL_EPMD_PORT": str(free_port())}
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The node's process."""
        assert self._child is not None, "the node was not started"
        return self._child

    def start(self) -> None:
        """Start, or start again on the same folder and ports, and wait until it takes connections."""
        self.begin_start()
        self.wait_ready()

    def begin_start(self) -> None:
        """Start without waiting."""
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RABBITMQ_")}
        environment |= self._ports
        environment |= {
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_MANAGEMENT_PORT": str(self._management_port),
            "RABBITMQ_DEFAULT_USER": USER,
            "RABBITMQ_DEFAULT_PASS": PASSWORD,
        }
        command = [str(ROOT / "scripts/local_stack/rabbitmq-node"), str(self.folder / "node")]
        self._child = Child(command, environment, self.folder / "broker.log")

    def wait_ready(self) -> None:
        """Wait until the node takes AMQP connections."""
        check = ("health", "checks", "port-listener", str(self.port))

        def ready() -> bool:
            assert self.child.running, f"the node ended: {self.child.errors.read_text()[-2000:]}"
            return self.management.answers(*check)

        wait_until(ready, "RabbitMQ takes connections", within=_READY_WITHIN)

    def stop(self) -> None:
        """End it in an orderly way."""
        self.child.terminate()
        self.child.wait()

    def kill(self) -> None:
        """SIGKILL."""
        self.child.kill()

    def freeze(self) -> None:
        """The node keeps its connections and answers nothing."""
        self.child.freeze()

    def thaw(self) -> None:
        """The end of `freeze`."""
        self.child.thaw()

    def memory_alarm(self, on: bool) -> None:
        """Under the alarm the node reads nothing from connections that publish."""
        self.ctl("set_vm_memory_high_watermark", "0.0000001" if on else _USUAL_WATERMARK)

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints."""
        command = [str(ROOT / "scripts/local_stack/rabbitmqctl-node"), str(self.folder / "node"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def vhost(self) -> Vhost:
        """A virtual host that nobody else uses: queues of one name never meet."""
        name = f"test-{uuid4().hex[:12]}"
        self.management.call("PUT", "vhosts", name)
        return Vhost(self.management, name, url=self.url(name))

    def url(self, vhost: str = "%2F", *, port: int | None = None, password: str = PASSWORD) -> str:
        """The AMQP URL of a virtual host."""
        return f"amqp://{USER}:{password}@{HOST}:{port or self.port}/{vhost}"

    def close(self) -> None:
        """End it at once."""
        if self._child is not None:
            self._child.close()
