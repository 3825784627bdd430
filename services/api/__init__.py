"""The HTTP service: takes uploads, answers for their status and serves what became of them."""
