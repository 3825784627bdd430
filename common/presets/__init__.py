"""Presets: named recipes kept in a file, and whether the files that they name are there."""
