"""Moves bytes: requests to MLflow, responses to the client, unchanged."""
