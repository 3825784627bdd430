"""The memory limit of the process: a bomb becomes a MemoryError in one job, not the end of the machine."""

import resource


def limit_memory(limit_bytes: int) -> None:
    """Bound the address space of this process; 0 leaves it unbounded."""
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
