"""What the README shows, made from the code."""
