"""RabbitMQ's management API, as far as the tests speak it."""

import base64
import http.client
import json
from typing import Any
from urllib.parse import quote

from tests.support.ports import HOST

USER, PASSWORD = "guest", "guest"
_AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Management:
    """One call is one connection: nothing to keep when the node is killed in between."""

    def __init__(self, port: int) -> None:
        self._port = port

    def call(self, method: str, *path: str, body: object = None) -> Any:
        """The decoded answer; each part of the path is quoted. Raises OSError when the node does not answer so."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=20)
        try:
            text = json.dumps(body) if body is not None else None
            headers = {"Authorization": _AUTHORIZATION, "Content-Type": "application/json"}
            connection.request(
                method, "/api/" + "/".join(quote(part, safe="") for part in path), text, headers
            )
            answer = connection.getresponse()
            content = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(repr(error)) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise FileNotFoundError(f"{method} {'/'.join(path)}: {answer.status} {content[:200]!r}")
        return json.loads(content) if content else None

    def answers(self, *path: str) -> bool:
        """Whether a GET succeeds."""
        try:
            self.call("GET", *path)
        except OSError:
            return False
        return True
