"""Mail: to whom something is told, when, and how it reads."""
