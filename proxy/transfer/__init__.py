"""Moves bytes: requests up, answers down, as they came."""
