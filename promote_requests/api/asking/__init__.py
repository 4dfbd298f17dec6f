"""Who is asked to review a promote request, in the API."""
