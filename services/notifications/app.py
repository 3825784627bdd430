"""The notification service's composition root."""

import asyncio
import os
import socket

from common.broker import topology
from common.runtime.consumer_process import ConsumerProcess, Subscription
from common.runtime.metrics import ConnectionMetrics, registry
from services.notifications.channels.registry import build_channels
from services.notifications.handler import EventHandler
from services.notifications.metrics import NotificationMetrics
from services.notifications.settings import NotificationSettings


async def run(settings: NotificationSettings, stop: asyncio.Event) -> int:
    """Send events to the channels until `stop` is set; returns the exit code."""
    metrics_registry = registry()
    handler = EventHandler(build_channels(), NotificationMetrics(metrics_registry))
    service = ConsumerProcess(
        name=f"notifications-{socket.gethostname()}-{os.getpid()}",
        settings=settings,
        topology=topology.notifications(),
        subscriptions=(Subscription(topology.NOTIFICATIONS, handler, settings.notification_concurrency),),
        registry=metrics_registry,
        connections=ConnectionMetrics(metrics_registry),
    )
    return await service.run(stop)
