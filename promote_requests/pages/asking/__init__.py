"""Who is asked to review: what a request's page shows of it, and its buttons."""
