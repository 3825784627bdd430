from typing import Any

import pytest

from common.errors import ConfigurationError
from common.runtime.settings import CommonSettings, load
from services.api.settings import ApiSettings
from services.notifications.settings import NotificationSettings
from services.worker.settings import WorkerSettings


@pytest.mark.parametrize("kind", [ApiSettings, WorkerSettings, NotificationSettings])
def test_an_empty_environment_gives_the_defaults(kind: type[CommonSettings]) -> None:
    assert load(kind, {}) == load(kind, {"AMQP_URL": "", "LOG_LEVEL": "  "}) == kind()


def test_a_variable_is_the_field_s_name_in_upper_case() -> None:
    environment = {
        "MAX_UPLOAD_BYTES": "123",
        "UPLOAD_IDLE_SECONDS": "0.5",
        "LOG_LEVEL": "debug",
        "WATERMARK_TEXT": " © me ",
        "SOMETHING_ELSE": "x",
    }

    settings = load(ApiSettings, environment)

    assert (settings.max_upload_bytes, settings.upload_idle_seconds) == (123, 0.5)
    assert (settings.log_level, settings.watermark_text) == ("debug", "© me")


def test_only_a_text_that_may_be_empty_can_be_set_to_nothing() -> None:
    settings = load(ApiSettings, {"WATERMARK_TEXT": "", "API_HOST": ""})

    assert (settings.watermark_text, settings.api_host) == ("", ApiSettings().api_host)


def test_a_list_is_separated_by_commas() -> None:
    assert load(WorkerSettings, {"RETRY_DELAYS_SECONDS": "1, 2,30"}).retry_delays_seconds == (1, 2, 30)


@pytest.mark.parametrize(
    "kind, variable, value",
    [
        (ApiSettings, "MAX_UPLOAD_BYTES", "0"),
        (ApiSettings, "MAX_UPLOAD_BYTES", "50MB"),
        (ApiSettings, "API_PORT", "65536"),
        (ApiSettings, "LOG_LEVEL", "shout"),
        (ApiSettings, "UPLOAD_IDLE_SECONDS", "nan"),
        (ApiSettings, "UPLOAD_IDLE_SECONDS", "-1"),
        (WorkerSettings, "WORKER_CONCURRENCY", "0"),
        (WorkerSettings, "RETRY_DELAYS_SECONDS", "1,x"),
        (WorkerSettings, "JOB_TIMEOUT_SECONDS", "inf"),
        (NotificationSettings, "LOG_LEVEL", "loud"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(
    kind: type[CommonSettings], variable: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{variable}={value}: "):
        load(kind, {variable: value})


def test_a_secret_is_never_repeated() -> None:
    class Secretive(CommonSettings, frozen=True, kw_only=True):
        webhook_secret: int = 0
        other_url: int = 0

    for variable in ("WEBHOOK_SECRET", "OTHER_URL"):
        with pytest.raises(ConfigurationError, match=f"^{variable}=[.]{{3}}: ") as caught:
            load(Secretive, {variable: "hunter2"})
        assert "hunter2" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    settings: Any = ApiSettings()

    with pytest.raises(AttributeError):
        settings.api_port = 1
