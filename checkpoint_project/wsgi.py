"""The WSGI application, for any WSGI server."""

import os

import django

from checkpoint_project.startup import require_registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkpoint_project.settings")

require_registry()
django.setup(set_prefix=False)

from django.urls import get_resolver  # noqa: E402 - Django had to be set up first

from proxy.wsgi import Handler  # noqa: E402
from registry import get_registry  # noqa: E402

application = Handler()
# Imports all views now: the first caller should not wait for it, and a fault in one should stop the start.
get_resolver().url_patterns  # noqa: B018 - a property that loads
# Imports MLflow's client library, which takes a second or two; makes no call.
get_registry()
