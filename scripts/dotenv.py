"""Reads a file .env as Docker Compose does for the lines that Darkroom needs; standard library only."""

from pathlib import Path


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of the file, none when there is no file; comments and quotes around values are dropped."""
    values = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            values[name.strip()] = value.strip().strip("'\"")
    return values
