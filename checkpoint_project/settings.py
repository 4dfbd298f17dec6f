"""Settings of the whole process, each taken from the environment once (docs/settings.md has the table)."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from checkpoint_project import database
from foundation import env, hosts, logs, secret_key, state_folder

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = state_folder.locate(env.string("CHECKPOINT_STATE_DIR", str(BASE_DIR / "var")))
"""Where a server without PostgreSQL keeps its database, and every server its generated key and its asset cache."""

# -- Checkpoint's own ---------------------------------------------------------------------------------------------
CHECKPOINT_REGISTRY_URL = env.url("CHECKPOINT_REGISTRY_URL", assume_http=True)
CHECKPOINT_REGISTRY_USERNAME = env.matching(
    "CHECKPOINT_REGISTRY_USERNAME", pattern="[^:]+", expected="a user name, in which there is no colon"
)
CHECKPOINT_REGISTRY_PASSWORD = env.string("CHECKPOINT_REGISTRY_PASSWORD")
CHECKPOINT_REGISTRY_TOKEN = env.matching(
    "CHECKPOINT_REGISTRY_TOKEN", pattern="[!-~]+", expected="the token alone, without spaces and without `Bearer`"
)
CHECKPOINT_PUBLIC_URL = env.origin("CHECKPOINT_PUBLIC_URL", "http://localhost:5000")
CHECKPOINT_PORTAL_URL = env.origin("CHECKPOINT_PORTAL_URL")
CHECKPOINT_ANONYMOUS = env.choice("CHECKPOINT_ANONYMOUS", "off", {"off", "read", "write"})
CHECKPOINT_CONFIRM_MINUTES = env.integer("CHECKPOINT_CONFIRM_MINUTES", 0, maximum=1440)
CHECKPOINT_UNKNOWN_WRITES = env.choice("CHECKPOINT_UNKNOWN_WRITES", "refuse", {"refuse", "pass"})
CHECKPOINT_TRUSTED_PROXIES = env.networks("CHECKPOINT_TRUSTED_PROXIES")
CHECKPOINT_ADMIN_USERNAME = env.string("CHECKPOINT_ADMIN_USERNAME")
CHECKPOINT_ADMIN_PASSWORD = env.string("CHECKPOINT_ADMIN_PASSWORD")
CHECKPOINT_CREDENTIAL_CACHE_SECONDS = env.seconds("CHECKPOINT_CREDENTIAL_CACHE_SECONDS", 5, maximum=5)
CHECKPOINT_CONNECT_TIMEOUT = env.seconds("CHECKPOINT_CONNECT_TIMEOUT", 5)
CHECKPOINT_READ_TIMEOUT = env.seconds("CHECKPOINT_READ_TIMEOUT", 300)
CHECKPOINT_CLIENT_TIMEOUT = env.seconds("CHECKPOINT_CLIENT_TIMEOUT", 300)
CHECKPOINT_HEADER_BYTES = env.integer("CHECKPOINT_HEADER_BYTES", 64 * 1024, minimum=4096, maximum=1024 * 1024)
CHECKPOINT_GUARDED_BODY_BYTES = env.integer("CHECKPOINT_GUARDED_BODY_BYTES", 1024 * 1024, minimum=1024, maximum=1024**3)
CHECKPOINT_STREAMS_PER_CALLER = env.integer("CHECKPOINT_STREAMS_PER_CALLER", 128, minimum=1, maximum=65_536)
CHECKPOINT_DATABASE_CONNECTIONS = env.integer("CHECKPOINT_DATABASE_CONNECTIONS", 20, minimum=2, maximum=10_000)
CHECKPOINT_RUN_MAKERS_DAYS = env.integer("CHECKPOINT_RUN_MAKERS_DAYS", 180, minimum=1, maximum=36_500)
CHECKPOINT_ASSET_CACHE_MB = env.integer("CHECKPOINT_ASSET_CACHE_MB", 256, maximum=65_536)
CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES = env.flag("CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES", default=False)
CHECKPOINT_REMINDER_DAYS = env.integer("CHECKPOINT_REMINDER_DAYS", 2, maximum=60)
CHECKPOINT_TIME_ZONE = env.time_zone("CHECKPOINT_TIME_ZONE", "UTC")
CHECKPOINT_ACCESS_LOG = env.flag("CHECKPOINT_ACCESS_LOG", default=True)
CHECKPOINT_ANALYTICS_OPT_OUT = env.flag("CHECKPOINT_ANALYTICS_OPT_OUT", default=False)
CHECKPOINT_ANALYTICS_KEY = env.matching("CHECKPOINT_ANALYTICS_KEY", pattern=r"[\w-]+", expected="the key alone")

env.require_together("CHECKPOINT_REGISTRY_USERNAME", "CHECKPOINT_REGISTRY_PASSWORD")
env.require_together("CHECKPOINT_ADMIN_USERNAME", "CHECKPOINT_ADMIN_PASSWORD")
env.require_at_most_one("CHECKPOINT_REGISTRY_TOKEN", "CHECKPOINT_REGISTRY_USERNAME")

# -- Security -----------------------------------------------------------------------------------------------------
DEBUG = env.flag("CHECKPOINT_DEBUG", default=False)
_own_key, _own_database = env.string("SECRET_KEY"), env.string("DATABASE_URL")
if not (_own_key and _own_database) or CHECKPOINT_ASSET_CACHE_MB:
    state_folder.prepare(STATE_DIR)
SECRET_KEY = secret_key.require_strong(_own_key) if _own_key else secret_key.load_or_create(STATE_DIR / "secret_key")
_public = urlsplit(CHECKPOINT_PUBLIC_URL)
_public_is_https = _public.scheme == "https"
_portal = urlsplit(CHECKPOINT_PORTAL_URL or CHECKPOINT_PUBLIC_URL)
if CHECKPOINT_PORTAL_URL and (_portal.scheme != _public.scheme or _portal.netloc == _public.netloc):
    raise env.ConfigurationError(
        f"CHECKPOINT_PORTAL_URL is {CHECKPOINT_PORTAL_URL!r}: expected another host name or port than that of "
        f"CHECKPOINT_PUBLIC_URL, and the same scheme, {_public.scheme}."
    )
ALLOWED_HOSTS = [
    *("localhost", "127.0.0.1", "[::1]"),
    *(hosts.in_header(str(address.hostname)) for address in (_public, _portal)),
    *env.hosts_served("CHECKPOINT_ALLOWED_HOSTS"),
]
# What is posted to our own pages; `proxy.origin` judges what goes to MLflow.
CSRF_TRUSTED_ORIGINS = [f"{_portal.scheme}://{_portal.netloc}"]
CSRF_FAILURE_VIEW = "foundation.error_pages.csrf_failure"
# Not Django's names: MLflow is served from the same origin, or from another port of the same host, and neither side may
# overwrite the other's cookies. With https two prefixes in one keep others from setting ours: `__Host-` pages of
# neighbouring hosts (RFC 6265bis section 4.1.3.2), `__Host-Http-` scripts too, those of another port as well (draft
# Layered Cookies, Chromium 140). A browser that knows the first one only keeps to that.
_prefix = "__Host-Http-" if _public_is_https else ""
SESSION_COOKIE_NAME = f"{_prefix}checkpoint_session"
CSRF_COOKIE_NAME = f"{_prefix}checkpoint_csrf"
CHECKPOINT_MLFLOW_COOKIE_NAME = f"{_prefix}checkpoint_mlflow"
CHECKPOINT_ARRIVAL_COOKIE_NAME = f"{_prefix}checkpoint_arrival"
LANGUAGE_COOKIE_NAME = "checkpoint_language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public_is_https
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.integer("CHECKPOINT_SESSION_DAYS", 14, minimum=1, maximum=365) * 86_400
SECURE_HSTS_SECONDS = env.integer(
    "CHECKPOINT_HSTS_SECONDS", 31_536_000 if _public_is_https else 0, maximum=10 * 31_536_000
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # TLS ends at the proxy in front: a redirect made here would loop, and other sub-domains are not Checkpoint's.
    "security.W005",
    "security.W008",
    "security.W021",
    # Django looks for its own class by name; the one in `middleware` is a subclass of it, and
    # `tests/test_security_headers.py` shows that it works.
    "security.W001",
]

# -- Django -------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "checkpoint_project.apps.CheckpointAdminConfig",
    # Before Django's own apps: some commands have the names of theirs, and the earlier app's command runs.
    "checkpoint_project.apps.CheckpointProjectConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "revproxy",
    "audit",
    "audit.making",
    "audit.holding",
    "accounts",
    "evidence",
    "protection",
    "notifications",
    "promote_requests",
    "proxy",
    "proxy.seal",
]
MIDDLEWARE = [
    "foundation.middleware.EntryMiddleware",
    # Calls for MLflow end here: they show no page of Checkpoint's, so they skip the middleware that follows.
    "proxy.middleware.ProxyMiddleware",
    "checkpoint_project.middleware.PatienceMiddleware",
    "checkpoint_project.middleware.SecurityMiddleware",
    "checkpoint_project.middleware.OwnPagesMiddleware",
    "checkpoint_project.middleware.WhiteNoiseMiddleware",
    "foundation.browsers.htmx.HtmxMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.identity.form_secret.FormSecretMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "checkpoint_project.middleware.LoginRequiredMiddleware",
    "checkpoint_project.middleware.RefusalMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "checkpoint_project.urls"
WSGI_APPLICATION = "checkpoint_project.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "promote_requests.pages.navigation.navigation",
            ],
        },
    },
]
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["checkpoint_project.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/checkpoint/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# collectstatic itself needs the storage that writes this file.
_collected = (STATIC_ROOT / "staticfiles.json").exists() or sys.argv[1:2] == ["collectstatic"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if _collected
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
# Without collectstatic the files are served from their folders in the source tree.
WHITENOISE_USE_FINDERS = not _collected
WHITENOISE_AUTOREFRESH = DEBUG

# -- Database -----------------------------------------------------------------------------------------------------
DATABASES = {"default": database.configuration(_own_database, STATE_DIR / "checkpoint.sqlite3")}
# In the database, because all workers and replicas share what it holds: the sign-in rate limits, and what was read of
# large models, which is too much to read again. Data that every request reads belongs in the process's memory instead.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "checkpoint_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# -- Accounts -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.identity.backends.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 86_400
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "accounts.pages.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _public.scheme
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Django's own, because allauth's uses a second table of addresses, in which a changed address would stay valid.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}

# -- Mail ---------------------------------------------------------------------------------------------------------
EMAIL_HOST = env.host("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
EMAIL_PORT = env.integer("EMAIL_PORT", 587, minimum=1, maximum=65_535)
EMAIL_HOST_USER = env.string("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.string("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.mail_address("DEFAULT_FROM_EMAIL", f"checkpoint@{_public.hostname}")
env.require_together("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")

# -- API ----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.identity.api_authentication.CredentialsAuthentication",
        "accounts.identity.api_authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "foundation.api.pagination.PageNumberPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "foundation.api.errors.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Checkpoint",
    "DESCRIPTION": "Promote requests: pull requests for a model registry.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AuditActionEnum": "audit.choices.AuditAction",
        "CloseReasonEnum": "promote_requests.choices.CloseReason",
        "DifferenceEnum": "evidence.rows.Kind",
        "SignatureFitEnum": "evidence.contents.signature.Fit",
        "InspectionOutcomeEnum": "evidence.inspection.findings.Outcome",
        "RuleOutcomeEnum": "protection.choices.Outcome",
        "ChangeEnum": "registry.proposals.Change",
        "TargetKindEnum": "registry.targets.TargetKind",
        "WebhookFormatEnum": "notifications.choices.Format",
        "WorkStateEnum": "notifications.choices.State",
        "CheckStateEnum": "protection.checks.State",
        "AskedStateEnum": "promote_requests.services.asking.standing.State",
    },
}

LOGGING = logs.configuration(access=CHECKPOINT_ACCESS_LOG)

env.refuse_misspelled("CHECKPOINT_")
env.refuse_misspelled("EMAIL_")
