"""What runs in the decoder processes: nothing of it runs in the worker."""
