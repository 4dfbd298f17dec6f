"""Fixtures that every app's tests share: people, a fake registry, real MLflow, real PostgreSQL."""
