"""Handles deliveries: jobs, dead letters and results."""
