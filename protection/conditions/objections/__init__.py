"""The conditions about what somebody holds against a request: changes that are asked for, threads that block."""
