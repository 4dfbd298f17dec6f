"""What would this call change? Reads guarded calls and rules on them."""
