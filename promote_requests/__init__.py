"""Promote requests: the proposal, the reviews, the decision, and the promotion."""
