"""Who is told of what, and how: what people chose, and whom an event concerns."""
