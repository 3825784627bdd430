"""Reads what an image's file states before any decoder runs, in pure Python; used by the API and the worker."""
