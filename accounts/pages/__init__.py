"""The pages of accounts and tokens."""
