"""What every room needs and that has no word of the domain in it.

Environment, logging, addresses, the root of all errors, what every request passes first, the plumbing of the API.
"""
