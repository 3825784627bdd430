"""Ways to tell somebody about an event."""
