"""Lists the variables that compose.yaml and scripts/local_stack read beside the settings; standard library only."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class RunVariable:
    """A variable of `make up`; `default` is what compose.yaml and the run without Docker take without it."""

    name: str
    default: str
    meaning: str


RUN_VARIABLES: Final = (
    RunVariable("WORKERS", "3", "Worker processes."),
    RunVariable("API_HOST", "127.0.0.1", "The address on which the API listens."),
    RunVariable("API_PORT", "8000", "The port on which the API listens."),
    RunVariable(
        "API_HEALTH_PORT",
        "0",
        "A port for the API's `/readyz` and `/metrics` alone, which are then not on `API_PORT`; 0: none. Prometheus "
        "must be told of it (docker/observability/prometheus.yml).",
    ),
    RunVariable("RABBITMQ_PORT", "5672", "The port of RabbitMQ, on this machine only."),
    RunVariable(
        "RABBITMQ_MANAGEMENT_PORT", "15672", "The port of RabbitMQ's management page, on this machine only."
    ),
    RunVariable(
        "RABBITMQ_USER", "guest", "RabbitMQ's user, read at the first start only; letters, digits, - and _."
    ),
    RunVariable(
        "RABBITMQ_PASSWORD",
        "guest",
        "RabbitMQ's password, read at the first start only; the same characters.",
    ),
)

DOCKER_VARIABLES: Final = (
    RunVariable("API_MEM_LIMIT", "512m", "Memory of the API's container."),
    RunVariable(
        "WORKER_MEM_LIMIT", "4g", "Memory of a worker's container; at least twice `WORKER_MEMORY_BYTES`."
    ),
    RunVariable("NOTIFICATIONS_MEM_LIMIT", "256m", "Memory of the notification service's container."),
    RunVariable("RABBITMQ_MEM_LIMIT", "1g", "Memory of RabbitMQ's container."),
    RunVariable("API_CPUS", "0", "Processors of the API's container; 0: as many as there are."),
    RunVariable("WORKER_CPUS", "0", "Processors of a worker's container."),
    RunVariable("NOTIFICATIONS_CPUS", "0", "Processors of the notification service's container."),
    RunVariable("RABBITMQ_CPUS", "0", "Processors of RabbitMQ's container."),
    RunVariable(
        "STOP_GRACE_PERIOD",
        "35s",
        "How long a container may take to stop; longer than `SHUTDOWN_GRACE_SECONDS`.",
    ),
    RunVariable("PROMETHEUS_PORT", "9090", "The port of Prometheus, with the profile `observability`."),
    RunVariable("GRAFANA_PORT", "3000", "The port of Grafana, with the profile `observability`."),
)

LOCAL_VARIABLES: Final = (
    RunVariable(
        "WORKER_HEALTH_PORT", "9101", "The first worker's health port; the next workers take the next ones."
    ),
    RunVariable("NOTIFICATIONS_HEALTH_PORT", "9099", "The notification service's health port."),
    RunVariable("STORE_ROOT", "var/store", "The folder of the store; with Docker it is a volume."),
)
