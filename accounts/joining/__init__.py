"""How an account comes to be: the first administrator, and invitations."""
