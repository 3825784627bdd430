"""The real services as processes that can be hurt."""
