"""What a version's files say of it: its signature and its environment."""
