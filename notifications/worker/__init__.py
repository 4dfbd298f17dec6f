"""The process that does in the background what nobody waits for: `manage.py worker`."""
