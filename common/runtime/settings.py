"""Settings from environment variables: one frozen struct a service, one field a setting.

To add a setting, add one field to the struct of the service that reads it (services/*/settings.py), or to the structs
below when several services read it, and run `make generate`:

    max_upload_bytes: Annotated[Bytes, Meta(description="Bytes of one file; ...")] = 50 * 1024**2

The variable is the field's name in upper case, its bounds are those of its type and Meta, `description` is its meaning.
docker/settings.env, .env.example, docs/configuration.md and `python -m services.NAME --help` are made from the field.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar, get_origin

import msgspec
from msgspec import Meta
from yarl import URL

from common.errors import ConfigurationError

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Seconds = Annotated[float, Meta(gt=0, le=31_536_000)]
Bytes = Annotated[int, Meta(ge=1)]

# Settings that several services read but not all: the type carries bounds and meaning, the constant is the default.
StoreUrl = Annotated[
    str,
    Meta(
        description="Where the store is: `file:///` and an absolute path. Empty means the folder `STORE_ROOT`."
    ),
]
StoreRoot = Annotated[
    str, Meta(description="The folder of the store; the API and the workers must see the same one.")
]
STORE_ROOT: Final = "var/store"
RetryDelays = Annotated[
    tuple[Annotated[int, Meta(ge=1, le=86_400)], ...],
    Meta(
        description="Seconds to wait after each transient error (disk full, store away), with jitter; "
        "after the last the image fails. The API and the workers must have the same."
    ),
]
MaxPixels = Annotated[
    Count,
    Meta(
        description="Pixels of an image; beyond, `image_too_large`: 422 at the upload where the header says it, "
        "else the image fails."
    ),
]
MAX_PIXELS: Final = 52_000_000
MaxFrames = Annotated[
    Count, Meta(description="Frames of an animation; beyond, `image_too_large`, as for `MAX_PIXELS`.")
]
MAX_FRAMES: Final = 250
MaxTotalPixels = Annotated[
    Bytes,
    Meta(description="Pixels times frames of an animation; beyond, `image_too_large`, as for `MAX_PIXELS`."),
]
MAX_TOTAL_PIXELS: Final = 250_000_000

PresetsFile = Annotated[
    str,
    Meta(
        description="A TOML file of presets in place of the built-in ones (common/presets/presets.toml). "
        "Workers only check at their start that the fonts and images it names are there."
    ),
]
FontsFolder = Annotated[
    str,
    Meta(
        description="The folder of the fonts that a watermark names by `font`. The API only checks presets, "
        "if it sees the folder."
    ),
]
WatermarksFolder = Annotated[
    str,
    Meta(
        description="The folder of the images that a watermark names by `image`. The API only checks presets, "
        "if it sees the folder."
    ),
]

_EMPTY: Final = "may_be_empty"
MAY_BE_EMPTY: Final = {_EMPTY: True}  # a Meta's `extra` of texts whose empty value is not their default

_Settings = TypeVar("_Settings", bound="CommonSettings")


class CommonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all three services read."""

    amqp_url: Annotated[
        str,
        Meta(
            description="The RabbitMQ broker, with user and password: `amqp://USER:PASSWORD@HOST:PORT/VHOST`."
        ),
    ] = "amqp://guest:guest@127.0.0.1:5672/"
    allow_default_password: Annotated[
        bool,
        Meta(
            description="Whether guest/guest may be used on a broker that is not on this machine. "
            "Compose, whose broker is private, sets it."
        ),
    ] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least severe lines that are logged."),
    ] = "info"
    publish_timeout_seconds: Annotated[
        Seconds, Meta(description="How long the broker may take to confirm a message.")
    ] = 5.0
    watchdog_seconds: Annotated[
        Seconds,
        Meta(
            description="A process without its connection for this long, while the broker answers others, "
            "ends itself to be started again."
        ),
    ] = 60.0
    shutdown_grace_seconds: Annotated[
        Seconds,
        Meta(
            description="How long after SIGTERM work in progress may go on; a second signal ends the process at once."
        ),
    ] = 25.0
    health_host: Annotated[str, Meta(description="The address on which `HEALTH_PORT` listens.")] = "127.0.0.1"
    health_port: Annotated[
        Port,
        Meta(
            description="A port for `/healthz`, `/readyz` and `/metrics`. Where the API has one, `/readyz` and "
            "`/metrics` are not on `API_PORT`; 0: the API serves all three there, the other services none."
        ),
    ] = 0


def load(kind: type[_Settings], environment: Mapping[str, str]) -> _Settings:
    """Read a service's settings from `environment`, where an empty variable counts as absent unless it may be empty.

    Raises ConfigurationError, which names the variable, what is wrong with its value and what is allowed.
    """
    values: dict[str, Any] = {}
    for item in msgspec.structs.fields(kind):
        text = environment.get(item.name.upper(), "").strip()
        if text or (item.name.upper() in environment and _may_be_empty(item.type)):
            values[item.name] = _parse(item.name.upper(), text, item.type)
    settings = kind(**values)
    _refuse_default_password(settings)
    return settings


def _may_be_empty(kind: Any) -> bool:
    return any((meta.extra or {}).get(_EMPTY, False) for meta in getattr(kind, "__metadata__", ()))


def _refuse_default_password(settings: CommonSettings) -> None:
    """Raise ConfigurationError for guest/guest on a remote broker: they are the first credentials that anyone tries."""
    url = URL(settings.amqp_url)
    local = url.host in ("localhost", "127.0.0.1", "::1")
    if (url.user, url.password) == ("guest", "guest") and not local and not settings.allow_default_password:
        raise ConfigurationError(
            f"AMQP_URL uses the default password on {url.host}: set a user and a password of your own, "
            "or ALLOW_DEFAULT_PASSWORD=true where nobody else can reach the broker"
        )


def _parse(variable: str, text: str, kind: Any) -> Any:
    try:
        if get_origin(without_meta(kind)) is tuple:
            return msgspec.convert([part.strip() for part in text.split(",")], kind, strict=False)
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{variable}={_shown(variable, text)}: {error}") from error


def without_meta(kind: Any) -> Any:
    """Return the type inside `Annotated[type, ...]`, or the type itself."""
    return kind.__origin__ if get_origin(kind) is Annotated else kind


def _shown(variable: str, text: str) -> str:
    """Hide values that must not be logged: a URL may hold a password, and a secret is one."""
    return "..." if variable.endswith(("_URL", "_SECRET", "_SECRETS")) else text
