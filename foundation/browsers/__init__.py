"""What browsers are told that they may do, and what they say about what they do."""
