"""The seal: remembers what versions in use are made of, and refuses calls that would change it."""
