"""What conditions ask for, as values of their own. Pure."""
