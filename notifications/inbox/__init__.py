"""The inbox: what each person is told on a page of their own, and what of it they have looked at."""
