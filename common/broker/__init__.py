"""Connections to RabbitMQ: how they are made and kept, how messages are published and consumed."""

from common.broker.connection import open_connection, probe, without_password
from common.broker.consumer import Consumer, Delivery, Disposition, Handler
from common.broker.consumer_channel import ConsumerChannel
from common.broker.publisher import Publisher, open_publisher
from common.broker.queue_recovery import QueueRecovery
from common.broker.topology_monitor import TopologyMonitor

__all__ = [
    "Consumer",
    "ConsumerChannel",
    "Delivery",
    "Disposition",
    "Handler",
    "Publisher",
    "QueueRecovery",
    "TopologyMonitor",
    "open_connection",
    "open_publisher",
    "probe",
    "without_password",
]
