"""Promote requests: what is asked, what colleagues say of it, the decision, and the promotion."""
