"""The three processes of Darkroom; each is started as `python -m services.NAME`."""
