"""What becomes of a delivery: jobs, dead letters and results."""
