"""MLflow's scripts, styles, fonts and images, kept compressed so that its pages load faster than without Checkpoint."""
