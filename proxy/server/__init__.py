"""What `manage.py serve` runs: gunicorn's threads, with requests read and answers written as a proxy needs it."""
