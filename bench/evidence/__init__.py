"""Measures what the comparison costs: its page, its tables, curves, texts and digests."""
