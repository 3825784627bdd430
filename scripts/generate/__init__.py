"""Generates what is made from the code: `make generate` writes it, `make check` finds what is stale."""
