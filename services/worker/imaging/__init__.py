"""Implements what the operations share: geometry, canvas, text and smart crops."""
