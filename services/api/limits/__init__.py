"""Limits on rates, uploads in progress, pending images, capacity, and how slow a client may be."""
