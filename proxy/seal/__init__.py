"""What may not be overwritten? Remembers what versions in use are made of, and judges calls that would change it."""
