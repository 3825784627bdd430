"""Start the notification service: `python -m services.notifications`."""

import os
from functools import partial

from common import lifecycle, log, settings
from common.errors import ConfigurationError
from services.notifications import app
from services.notifications.settings import NotificationSettings


def main() -> int:
    """Read the settings and run the process; returns the exit code."""
    try:
        configured = settings.load(NotificationSettings, os.environ)
    except ConfigurationError as error:
        return lifecycle.refuse(error)
    log.configure("notifications", configured.log_level)
    return lifecycle.run(partial(app.run, configured))


if __name__ == "__main__":
    lifecycle.leave(main())
