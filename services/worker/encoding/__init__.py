"""Encodes pixels into the bytes of a file."""
