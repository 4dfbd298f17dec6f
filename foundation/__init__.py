"""What every room needs and what knows nothing of the domain.

Environment, logging, addresses, the base class of errors, the entry middleware, the plumbing of the API.
"""
