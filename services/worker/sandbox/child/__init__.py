"""Runs in the decoder processes, and never in the worker."""
