"""Puts everything together: settings, addresses, start-up, and the commands that start Checkpoint."""
