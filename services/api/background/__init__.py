"""What the API does besides answering requests."""
