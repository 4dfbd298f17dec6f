"""Adds Checkpoint's script and style sheet to MLflow's own document."""
