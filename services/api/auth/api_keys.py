"""API keys: a file of names and hashes.

`python -m services.api.auth.api_keys FILE NAME` makes one.

A key has 256 random bits, so a plain SHA-256 of it is as good as any slow hash and costs nothing on a request.
"""

import hashlib
import hmac
import re
import secrets
import sys
from pathlib import Path
from typing import Final

from common.errors import ConfigurationError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX: Final = "dk_"


class ApiKeyFile:
    """The keys in a file, read again and again, so that a key is added or withdrawn without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = None
        self._hashes: dict[str, bytes] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the file, and parse it if its content has changed, whatever its time stamps say.

        Raises ConfigurationError when it cannot be read; the keys of before then stay in force.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
            if text != self._text:
                self._hashes = parse(text)
                self._text = text
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigurationError(f"API_KEYS_FILE={self._path} cannot be read: {reason}") from error

    def knows(self, name: str) -> bool:
        """Return whether a key of this name is in force."""
        return name in self._hashes

    def owner_of(self, key: str) -> str | None:
        """Return the name of the key, None for one that is unknown; every hash is compared, each in constant time."""
        digest = _digest(key)
        found = None
        for name, known in self._hashes.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found


def parse(text: str) -> dict[str, bytes]:
    """Return the hashes by name; a line is `name:hexadecimal SHA-256`. Raises ConfigurationError naming the line."""
    hashes: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, digest = line.strip().partition(":")
        if not _NAME.fullmatch(name) or not re.fullmatch("[0-9a-f]{64}", digest) or name in hashes:
            raise ConfigurationError(f"API_KEYS_FILE, line {number}: a line is NAME:SHA256, each name once")
        hashes[name] = bytes.fromhex(digest)
    return hashes


def create_key(name: str) -> tuple[str, str]:
    """Return a new key, and the line that admits it. Raises ConfigurationError for a name that cannot be one."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError("a key's name has 1 to 64 letters, digits, dots, dashes and underscores")
    key = _PREFIX + secrets.token_urlsafe(32)
    return key, f"{name}:{_digest(key).hex()}"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def main(arguments: list[str]) -> int:
    """Add a key to the file and print it: this once, since only its hash is kept."""
    if len(arguments) != 2:  # noqa: PLR2004 - the file and the name
        sys.stderr.write("usage: python -m services.api.auth.api_keys FILE NAME\n")
        return 2
    path, name = Path(arguments[0]), arguments[1]
    try:
        key, line = create_key(name)
        _require_new(path, name)
        # Readable for the service's own user in a container; the hash of 256 random bits tells nobody anything.
        path.touch(mode=0o644)
        with path.open("a") as file:
            file.write(line + "\n")
    except (ConfigurationError, OSError) as error:
        sys.stderr.write(f"darkroom: {error}\n")
        return 1
    sys.stdout.write(key + "\n")
    return 0


def _require_new(path: Path, name: str) -> None:
    if name in parse("\n".join(_lines(path))):
        raise ConfigurationError(f"there is a key named {name} already")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
