"""What the tests share: a private broker, the real processes, a proxy between them, second adapters, and patience."""
