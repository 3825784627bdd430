"""What is refused when there is too much of it, and how slow a client may be."""
