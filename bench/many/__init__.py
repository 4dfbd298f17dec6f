"""`make bench-requests`: what is waited for where 100,000 requests lie in the database, beside one that has 1,000."""
