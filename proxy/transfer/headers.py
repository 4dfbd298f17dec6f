"""Which headers pass, in both directions. Pure but for the settings that it reads.

Dropped by meaning, not by a list of what is known to be good: clients send headers of their own. What says who the
caller is, how this one connection works, or how to read the request otherwise than its request line says, is ours to
write or to leave out; and of MLflow's own headers those pass that its clients send.
"""

import os
import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from proxy.transfer.http1 import Headers
from proxy.transfer.upstream import Upstream

Environ = dict[str, str]

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    }
)
"""About one connection, not about the message (RFC 9110 section 7.6.1)."""

_OURS = frozenset(
    {
        "host",  # upstream's own, or MLflow answers 403
        "content-length",  # how the body is framed is said by whoever sends it
        "expect",  # the server in front answers it
        "authorization",  # Checkpoint's credentials, never the caller's
        "cookie",
        "origin",  # judged in `origin`; MLflow refuses every host name but its own
        "referer",  # shows addresses of Checkpoint's pages
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "fastly-client-ip",
        "client-ip",
        "proxy",  # a program that copies headers into its environment would take it for HTTP_PROXY
        "x-original-url",
        "x-rewrite-url",
        "x-original-uri",
        "x-script-name",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    }
)
_OUR_PREFIXES = (
    "x-forwarded-",
    "x-original-forwarded-",
    "x-checkpoint-",
    "remote-",
    "x-remote-",
    "x-auth-request-",
    "x-authenticated-",
    "x-webauth-",
    "x-ssl-client",
    "ssl-client",
    "x-client-cert",
    "x-amzn-oidc-",
    "x-goog-authenticated-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-vouch-",
    "x-authentik-",
    "cf-access-",
)

_MLFLOW_PREFIX = "x-mlflow-"
MLFLOW_HEADERS = frozenset(
    {
        "x-mlflow-workspace",
        "x-mlflow-client-version",
        "x-mlflow-experiment-id",  # these two name what an OTLP trace belongs to
        "x-mlflow-run-id",
    }
)
"""All headers of MLflow's own that its clients and its UI send (3.17.2, 3.18.0).

What else begins so is said among its own processes, and believed: who calls (`X-MLflow-Assistant-Delegation`,
`X-MLflow-Authorization`), or that a call of the gateway needs no guardrail (`X-MLflow-Guardrail-Bypass`).
"""

_NOT_FROM_UPSTREAM = HOP_BY_HOP | {
    "set-cookie",  # MLflow shares our origin: it could replace a session
    "set-cookie2",
    "clear-site-data",
    "alt-svc",
    "server",  # these two the WSGI server writes itself
    "date",
    "www-authenticate",  # about Checkpoint's credentials, which no caller has
    "strict-transport-security",
    "service-worker-allowed",
    "x-checkpoint-promote-request",
}

# Some servers, `runserver`'s for one, copy the process's environment into every request: HTTP_PROXY there would look
# like a header `Proxy`.
_INHERITED = frozenset(key for key in os.environ if key.startswith("HTTP_"))

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SIGNS = re.compile(r"[^0-9a-z]")


def for_upstream(environ: Environ) -> dict[str, str]:
    """Returns the caller's headers that MLflow gets, and those that say where the call came from.

    Raw header lines are gone by the time a WSGI application runs: repeated ones arrive joined with commas, `_` and
    `-` look the same. Each name is judged in the spelling that goes out, so no spelling passes another's check.
    """
    named = {token.lower() for token in _TOKEN.findall(environ.get("HTTP_CONNECTION", ""))}
    found: dict[str, str] = {}
    for key, value in environ.items():
        if key.startswith("HTTP_") and (name := _outgoing_name(key)) and name.lower() not in named:
            found[name] = value
    if content_type := environ.get("CONTENT_TYPE"):
        found["Content-Type"] = content_type
    found.update(_forwarded(environ))
    return found


@lru_cache(maxsize=2048)
def _outgoing_name(key: str) -> str:
    """Returns the name under which a META key goes upstream; "" when it does not."""
    name = key[5:].replace("_", "-")
    # As a server reads it that takes every sign for the same one when it makes a variable of a name.
    plain = _SIGNS.sub("-", name.lower())
    if (
        plain in HOP_BY_HOP
        or plain in _OURS
        or plain.startswith(_OUR_PREFIXES)
        or (plain.startswith(_MLFLOW_PREFIX) and name.lower() not in MLFLOW_HEADERS)
        or key in _INHERITED
        or not _TOKEN.fullmatch(name)
    ):
        return ""
    return name.title()


def _forwarded(environ: Environ) -> dict[str, str]:
    """Returns X-Forwarded-*: written by us, continued only where a trusted proxy began it."""
    address = environ.get("REMOTE_ADDR", "")
    found = {
        "X-Forwarded-For": address or "unknown",
        "X-Forwarded-Proto": environ.get("wsgi.url_scheme", "http"),
        "X-Forwarded-Host": environ.get("HTTP_HOST", ""),
    }
    if settings.CHECKPOINT_TRUSTED_PROXIES and _is_trusted(address):
        if before := environ.get("HTTP_X_FORWARDED_FOR", "").strip():
            found["X-Forwarded-For"] = f"{before}, {address}"
        if (scheme := environ.get("HTTP_X_FORWARDED_PROTO", "").lower()) in {"http", "https"}:
            found["X-Forwarded-Proto"] = scheme
        if host := environ.get("HTTP_X_FORWARDED_HOST"):
            found["X-Forwarded-Host"] = host
    return found


@lru_cache(maxsize=1024)
def _is_trusted(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.CHECKPOINT_TRUSTED_PROXIES)


def for_client(headers: Headers, upstream: Upstream) -> Headers:
    """Returns MLflow's headers that the client gets, in their order, repeated ones repeated."""
    named: set[str] = set()
    for name, value in headers:
        if name.lower() == "connection":
            named.update(token.lower() for token in _TOKEN.findall(value))
    found = []
    for name, value in headers:
        lower = name.lower()
        if lower in _NOT_FROM_UPSTREAM or lower in named:
            continue
        if lower == "location":
            value = _our_location(value, upstream)
        found.append((name, value))
    return found


def _our_location(location: str, upstream: Upstream) -> str:
    """Returns a redirect inside MLflow as a path on our origin; any other as it is."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return location
    if parts.netloc:
        if parts.netloc != upstream.netloc or parts.scheme not in {"http", "https", ""}:
            return location
        location = location.partition("//")[2][len(parts.netloc) :] or "/"
        if not location.startswith("/"):
            location = "/" + location
    prefix = upstream.prefix
    if prefix and (location == prefix or location.startswith((f"{prefix}/", f"{prefix}?", f"{prefix}#"))):
        location = location[len(prefix) :]
        if not location.startswith("/"):
            location = "/" + location
    # `//name` would be another host.
    return "/" + location.lstrip("/") if location.startswith("//") else location
