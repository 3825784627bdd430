"""The run without Docker: the services under supervisord with a RabbitMQ node of their own."""
