"""Who calls? One function for the proxy and the API, and a short-lived memory in front of it."""
