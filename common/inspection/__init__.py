"""What an image's file promises before any decoder runs, in pure Python; asked by the API and again by the worker."""
