"""Decodes files into pixels in sRGB, and reads their headers."""
