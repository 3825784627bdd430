"""The notification service's settings."""

from typing import Annotated

from msgspec import Meta

from common.runtime.settings import CommonSettings


class NotificationSettings(CommonSettings, frozen=True, kw_only=True):
    """Every field is an environment variable of the same name in upper case."""

    notification_concurrency: Annotated[
        int, Meta(ge=1, le=1000, description="Events handled at once in one process.")
    ] = 16
