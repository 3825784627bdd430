"""Start the notification service: `python -m services.notifications`."""

from common.runtime import lifecycle
from common.runtime.entry_point import run_service
from services.notifications import app
from services.notifications.settings import NotificationSettings


def main() -> int:
    """Run the process and return its exit code."""
    return run_service("notifications", NotificationSettings, app.run)


if __name__ == "__main__":
    lifecycle.exit_now(main())
