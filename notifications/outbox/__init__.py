"""Rows of work that are written with a decision and done afterwards, at least once, by whoever comes first."""
