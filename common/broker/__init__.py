"""Connections to RabbitMQ: how they are made and kept, how messages are published and consumed."""

from common.broker.connection import open_connection, probe, without_password
from common.broker.consumer import Consumer, Delivery, Disposition, Handler
from common.broker.publisher import Publisher, open_publisher

__all__ = [
    "Consumer",
    "Delivery",
    "Disposition",
    "Handler",
    "Publisher",
    "open_connection",
    "open_publisher",
    "probe",
    "without_password",
]
