"""Start the notification service: `python -m services.notifications`."""

import os
from functools import partial

from common.errors import ConfigurationError
from common.runtime import lifecycle, logging_setup, settings
from services.notifications import app
from services.notifications.settings import NotificationSettings


def main() -> int:
    """Read the settings and run the process; returns the exit code."""
    try:
        configured = settings.load(NotificationSettings, os.environ)
    except ConfigurationError as error:
        return lifecycle.exit_with_config_error(error)
    logging_setup.configure_logging("notifications", configured.log_level)
    return lifecycle.run(partial(app.run, configured))


if __name__ == "__main__":
    lifecycle.exit_now(main())
