"""The demo: a real MLflow behind Checkpoint, with models, people and promote requests. The tests use its server too."""
