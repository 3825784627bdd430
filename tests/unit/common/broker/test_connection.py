import pytest

from common.broker import without_password


@pytest.mark.parametrize(
    "url, shown",
    [
        ("amqp://guest:guest@127.0.0.1:5672/", "amqp://guest@127.0.0.1:5672/"),
        ("amqps://app:s%40cret%2F@broker.example/images", "amqps://app@broker.example/images"),
        ("amqp://broker.example/%2F?password=s%40cret", "amqp://broker.example/%2F"),
        ("amqp://:secret@broker.example", "amqp://broker.example"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url).rstrip("/") == shown.rstrip("/")
    for secret in ("s%40cret", "s@cret", "secret", ":guest"):
        assert secret not in without_password(url)
