"""Packaging and running: scripts, the image, and the run without Docker."""
