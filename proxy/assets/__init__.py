"""Keeps MLflow's scripts, styles, fonts and images compressed, so that its pages load faster through Checkpoint."""
