"""How Django itself writes dates and times, for example in the admin: in UTC, marked as such."""
