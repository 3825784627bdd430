"""Settings from environment variables: a frozen struct a service, the field's name in upper case the variable's."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from yarl import URL

from common.errors import ConfigurationError

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Seconds = Annotated[float, Meta(gt=0, le=31_536_000)]
Bytes = Annotated[int, Meta(ge=1)]

_Settings = TypeVar("_Settings", bound="CommonSettings")


class CommonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all three services read."""

    amqp_url: str = "amqp://guest:guest@127.0.0.1:5672/"
    allow_default_password: bool = False
    store_root: str = "var/store"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    publish_timeout_seconds: Seconds = 5.0
    watchdog_seconds: Seconds = 60.0
    shutdown_grace_seconds: Seconds = 25.0
    health_host: str = "127.0.0.1"
    health_port: Port = 0


def load(kind: type[_Settings], environment: Mapping[str, str]) -> _Settings:
    """The settings in `environment`; an empty variable counts as absent.

    Raises ConfigurationError that names the variable, its value's fault and what is allowed.
    """
    values: dict[str, Any] = {}
    for item in msgspec.structs.fields(kind):
        text = environment.get(item.name.upper(), "").strip()
        if text:
            values[item.name] = _parse(item.name.upper(), text, item.type)
    settings = kind(**values)
    _refuse_default_password(settings)
    return settings


def _refuse_default_password(settings: CommonSettings) -> None:
    """RabbitMQ's guest is the first that anyone tries: it is for brokers that only this machine reaches."""
    url = URL(settings.amqp_url)
    local = url.host in ("localhost", "127.0.0.1", "::1")
    if (url.user, url.password) == ("guest", "guest") and not local and not settings.allow_default_password:
        raise ConfigurationError(
            f"AMQP_URL uses the default password on {url.host}: set a user and a password of your own, "
            "or ALLOW_DEFAULT_PASSWORD=true where nobody else can reach the broker"
        )


def _parse(variable: str, text: str, kind: Any) -> Any:
    try:
        if getattr(kind, "__origin__", None) is tuple:
            return msgspec.convert([part.strip() for part in text.split(",")], kind, strict=False)
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{variable}={_shown(variable, text)}: {error}") from error


def _shown(variable: str, text: str) -> str:
    """A URL may hold a password and a secret is one: neither belongs in a log."""
    return "..." if variable.endswith(("_URL", "_SECRET", "_SECRETS")) else text
