"""What is put into MLflow's own document."""
