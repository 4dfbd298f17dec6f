"""Where Checkpoint is: its own part of the address space, its public address, and the address of its pages.

One origin serves MLflow and Checkpoint's pages, unless CHECKPOINT_PORTAL_URL gives the pages one of their own. Then a
script that runs on MLflow's page has neither the pages nor the session that may approve.
"""

from enum import Enum, auto
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

PORTAL = "/checkpoint/"
"""Everything below this path is Checkpoint's; everything else is MLflow's."""


class Site(Enum):
    """Which part of Checkpoint answers at the address that a call was made to."""

    WHOLE = auto()
    """Both: there is one origin."""
    MLFLOW = auto()
    """MLflow, and none of Checkpoint's pages."""
    PORTAL = auto()
    """Checkpoint's pages, the admin and the API, and nothing of MLflow's."""


def site_of(request: HttpRequest) -> Site:
    """Returns the part that answers this call; with two origins, whatever is not the portal's address is MLflow's.

    A browser cannot be made to send another Host than that of the address it goes to.
    """
    if not settings.CHECKPOINT_PORTAL_URL:
        return Site.WHOLE
    return Site.PORTAL if request.get_host().lower() == portal_netloc() else Site.MLFLOW


def portal_url() -> str:
    """Returns the public address of Checkpoint's pages."""
    url: str = settings.CHECKPOINT_PORTAL_URL or settings.CHECKPOINT_PUBLIC_URL
    return url


def portal_netloc() -> str:
    """Returns host and port of the public address of Checkpoint's pages."""
    return urlsplit(portal_url()).netloc


def mlflow_netloc() -> str:
    """Returns host and port of the public address of MLflow."""
    return urlsplit(settings.CHECKPOINT_PUBLIC_URL).netloc


def own_path(wanted: str) -> str:
    """Returns the path of ours that an address or a form asks to be led to; "" for whatever else it may ask for.

    Browsers take a second slash, and a backslash for one, as the beginning of a host, and leave out white space and
    control characters wherever they stand.
    """
    is_plain = not any(character <= " " or character in "\\\x7f" for character in wanted)
    return wanted if is_plain and wanted.startswith("/") and not wanted.startswith("//") else ""


def absolute(path: str) -> str:
    """Returns the full public address of a path, Checkpoint's or MLflow's."""
    base = portal_url() if path.startswith(PORTAL) else settings.CHECKPOINT_PUBLIC_URL
    return f"{base}{path}"
