"""From a file to pixels in sRGB, and what its header says."""
