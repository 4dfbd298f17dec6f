"""The pages of the rules: which there are, which applies to a target and why, and what they did."""
