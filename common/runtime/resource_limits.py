"""Limits of the process, as the kernel enforces them."""

import resource


def raise_file_limit() -> None:
    """Raise the limit of open files to the hard one: the usual 1024 is a few hundred clients with an upload each."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit_memory(limit_bytes: int) -> None:
    """Bound the address space of this process, so that a bomb is a MemoryError in one job; 0 leaves it unbounded."""
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
