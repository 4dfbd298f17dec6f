"""The WSGI application, for any WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from checkpoint_project.startup import require_registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkpoint_project.settings")

require_registry()
application = get_wsgi_application()
