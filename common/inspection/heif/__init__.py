"""HEIC and AVIF files: their boxes, and the sizes that their bitstreams state."""
