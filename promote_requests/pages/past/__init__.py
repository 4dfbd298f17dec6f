"""The pages of what was judged: as it was, and beside it as it is now."""
