"""What the rooms need of the database itself, beyond Django."""
