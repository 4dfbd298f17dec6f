"""The product's settings for a test run: a temporary state folder, no registry, and one of two databases.

The developer's own variables are dropped, so that a run says the same everywhere. Two steer the run itself:
`CHECKPOINT_TEST_DATABASE=postgresql` puts it on an embedded PostgreSQL (see the Makefile), anything else on SQLite;
`CHECKPOINT_TEST_REQUIRE_BROWSER=1` makes a skipped browser test a failure.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_PREFIXES = ("CHECKPOINT_", "DATABASE_URL", "SECRET_KEY", "EMAIL_", "DEFAULT_FROM_EMAIL", "MLFLOW_")
_on_postgresql = os.environ.get("CHECKPOINT_TEST_DATABASE") == "postgresql"
for _name in list(os.environ):
    if _name.startswith(_PREFIXES) and not _name.startswith("CHECKPOINT_TEST_"):
        del os.environ[_name]

_state = Path(tempfile.mkdtemp(prefix="checkpoint-tests-"))
atexit.register(shutil.rmtree, _state, ignore_errors=True)
os.environ["CHECKPOINT_STATE_DIR"] = str(_state)
# Nothing listens there: a test that needs a registry asks for the fixture `registry` or `mlflow_server`.
os.environ["CHECKPOINT_REGISTRY_URL"] = "http://127.0.0.1:9"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

if _on_postgresql:
    from testing.servers.embedded_postgresql import database_url

    os.environ["DATABASE_URL"] = database_url()

from checkpoint_project.settings import *  # noqa: E402, F403 - the environment had to be ready first

# The real one takes a third of a second by design; no test is about its cost.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Files are served from where they lie, whatever an earlier collectstatic left behind.
STATIC_ROOT = _state / "staticfiles"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_USE_FINDERS = True
# Looked for when one is asked for: otherwise each test client would list all of them first, in 30 ms.
WHITENOISE_AUTOREFRESH = True
# Tests change figures and look again at once; those of what serves for a while say so themselves.
CHECKPOINT_FIGURES_SECONDS = 0
