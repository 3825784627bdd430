"""The ways to tell somebody about an event: one module a channel."""
