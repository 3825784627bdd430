"""Authentication: API keys and signed URLs."""
