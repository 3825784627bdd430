"""From the bytes of a request to a staged image."""
