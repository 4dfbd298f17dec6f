"""How accounts are created: the first administrator, and invitations."""
