"""What every process needs to run: settings, logging, health, signals and limits."""
