"""The order of the steps from an original to its outputs."""
