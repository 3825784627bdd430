"""The notification service: tells people and machines what became of an image."""
