"""Labels in the API."""
