"""Develops images: the worker takes their jobs off the queue."""
