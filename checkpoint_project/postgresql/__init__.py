"""Django's backend for PostgreSQL, with a bound on the connections of a process."""
