"""Many people at once on the pages and the API."""
