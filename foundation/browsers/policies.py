"""Content security policies (CSP level 3): what a page may load, and above all whence a script may come.

MLflow and Checkpoint share an origin where nobody has set up two, and what MLflow serves below it is anybody's to
write: a policy that named the origin would let an uploaded file run as a script of ours. So policies name folders.
"""

import re
from collections.abc import Mapping

from django.http import HttpRequest

from foundation import addresses

STATIC = "/checkpoint/static/"

# Scripts of ours that are no files: the admin's catalogue of words, and the start of the page that shows the API. Both
# are made of the code alone.
GENERATED_SCRIPTS = ("/checkpoint/admin/jsi18n/", "/checkpoint/api/schema/swagger/")

CONTAINED = "default-src 'none'; sandbox"
"""For what is not a page of anybody's that we trust: whoever opens it sees it, and nothing in it runs or loads, or
counts as coming from our origin."""

_NAMEABLE = re.compile(r"[a-z0-9.-]+(?::\d+)?", re.IGNORECASE)


def folders(request: HttpRequest, *paths: str) -> str:
    """Returns the sources of a directive that allow what lies at or below these paths of ours.

    A path that ends in a slash is a folder, any other is one file. Both the name by which the call came and the public
    one are listed, since a proxy in front may write its own. No scheme: then it is the page's, also where TLS ends in
    front. A host that policies cannot name, which an IPv6 address is, leaves only the whole origin.
    """
    is_portal = addresses.site_of(request) is addresses.Site.PORTAL
    public = addresses.portal_netloc() if is_portal else addresses.mlflow_netloc()
    hosts = dict.fromkeys((request.get_host(), public))
    named = [host for host in hosts if _NAMEABLE.fullmatch(host)]
    if request.get_host() not in named:
        return "'self'"
    return " ".join(f"{host}{path}" for host in named for path in paths)


def policy(directives: Mapping[str, str]) -> str:
    """Returns the header's value; nothing is allowed but what `directives` say, in CSP's own words."""
    return "; ".join(f"{name} {sources}".rstrip() for name, sources in {"default-src": "'none'", **directives}.items())


def for_pages(request: HttpRequest, *, inline_styles: bool = False) -> str:
    """Returns the policy of Checkpoint's own pages: files from our own folder, and nothing inline.

    Args:
        request: The page's.
        inline_styles: For the one page whose style sheets are made by somebody else's script as it runs.
    """
    static = folders(request, STATIC)
    # Where MLflow has an origin of its own, pictures of its artifacts are there, and signing in leads there.
    other = addresses.mlflow_netloc() if addresses.site_of(request) is addresses.Site.PORTAL else ""
    return policy(
        {
            "script-src": folders(request, STATIC, *GENERATED_SCRIPTS),
            "style-src": f"{static} 'unsafe-inline'" if inline_styles else static,
            "font-src": static,
            "img-src": f"'self' data: {other}".rstrip(),
            "connect-src": folders(request, "/checkpoint/"),
            "form-action": f"{folders(request, '/checkpoint/')} {other}".rstrip(),
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
    )
