"""Identifies callers: one function for the proxy and the API, with a short-lived cache in front of it."""
