"""The store in memory, and images made in any store."""
