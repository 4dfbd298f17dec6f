"""Hands what MLflow answered to Checkpoint's own record: who made what, and which version has which alias now."""
