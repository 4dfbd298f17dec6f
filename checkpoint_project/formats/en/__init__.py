"""The formats for English, the only language."""
