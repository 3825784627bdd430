"""Images for tests, made in code, and how alike two images are."""
