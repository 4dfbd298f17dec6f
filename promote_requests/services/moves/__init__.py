"""The moves that are not everyday: back, past the rules, in another's place, and again after a while."""
