"""The server of `manage.py serve`: gunicorn's threads, with requests read and responses written as a proxy needs."""
