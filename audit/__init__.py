"""The record of what happened: append-only rows, who wrote them (`Actor`), and how they are read."""
