"""Image formats: the one table of them, how a file's format is recognized, and the manual's table."""
