"""`make bench`: what Darkroom adds to the bare work, as ratios of two things measured in turn in the same run."""
