"""Free ports that stay free until whoever they are meant for takes them."""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that the kernel gives to nobody for the next minute, except to a server that asks for it by number.

    A connection that its server closes first leaves the server's port in TIME-WAIT: the kernel passes it over when it
    picks a port by itself, and a listener that sets SO_REUSEADDR, as they all do, may still have it.
    """
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        with socket.create_connection((HOST, port)):
            accepted, _ = listener.accept()
            accepted.close()
    return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
