"""How Django writes dates and times by itself, as in the admin: in UTC, and saying so."""
