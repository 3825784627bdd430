"""A private RabbitMQ node, its virtual hosts, and proxies in front of it."""
