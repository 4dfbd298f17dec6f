"""One's own request in another's hands: through a service account, a hand-over, a draft, a copy, a way back, the glass.

Each is an attempt to be judged by oneself, and what keeps it from counting.
"""
