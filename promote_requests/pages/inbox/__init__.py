"""The page of what waits for somebody and of what is new for them."""
