"""Runs the steps from an original to its outputs."""
