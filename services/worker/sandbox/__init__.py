"""Decodes untrusted images in a child process that can reach nothing, and takes the pixels back by shared memory."""
