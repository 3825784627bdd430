from typing import Annotated

import pytest
from msgspec import Meta

from common.runtime.settings import CommonSettings, Seconds
from common.runtime.settings_reference import SettingReference, describe_settings, help_text
from services.api.settings import ApiSettings


def described(kind: type[CommonSettings]) -> dict[str, SettingReference]:
    return {each.variable: each for each in describe_settings(kind)}


def test_a_field_is_described_with_its_default_its_bounds_and_its_meaning() -> None:
    class Settings(CommonSettings, frozen=True, kw_only=True):
        wait_seconds: Annotated[Seconds, Meta(description="How long to wait.")] = 2.5

    assert described(Settings)["WAIT_SECONDS"] == SettingReference(
        "WAIT_SECONDS", "2.5", "number, above 0, up to 31536000", "How long to wait."
    )


def test_a_field_without_a_meaning_is_an_error() -> None:
    class Settings(CommonSettings, frozen=True, kw_only=True):
        wait_seconds: Seconds = 2.5

    with pytest.raises(ValueError, match=r"^WAIT_SECONDS has no meaning"):
        describe_settings(Settings)


@pytest.mark.parametrize(
    "variable, default, allowed",
    [
        ("ALLOW_RECIPES", "true", "true or false"),
        ("LOG_LEVEL", "info", "debug, error, info, warning"),
        ("API_PORT", "8000", "whole number, 0 to 65535"),
        ("MIN_FREE_BYTES", "536870912", "whole number, 0 or more"),
        ("API_KEYS_FILE", "", "text"),
        ("URL_SIGNING_SECRETS", "", "list separated by commas, each: text of at least 16 characters"),
    ],
)
def test_every_kind_of_field_is_put_in_words(variable: str, default: str, allowed: str) -> None:
    setting = described(ApiSettings)[variable]

    assert (setting.default, setting.allowed) == (default, allowed)


def test_the_help_lists_every_setting() -> None:
    text = help_text("api", ApiSettings)

    assert text.startswith("usage: python -m services.api ")
    for each in describe_settings(ApiSettings):
        assert f"  {each.variable}={each.default}\n" in text
        assert each.meaning in text
