"""What the three services share. The version of the project stands here and nowhere else."""

__version__ = "0.1.0"
