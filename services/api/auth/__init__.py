"""Who is asking: API keys and signed URLs."""
