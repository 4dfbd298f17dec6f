"""The page on which a request is written: what it offers, and what reviewers will see."""
