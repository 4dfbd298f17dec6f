"""The WSGI application, for any WSGI server."""

import os

import django

from checkpoint_project.startup import require_registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkpoint_project.settings")

require_registry()
django.setup(set_prefix=False)

from proxy.wsgi import Handler  # noqa: E402 - Django had to be set up first

application = Handler()
