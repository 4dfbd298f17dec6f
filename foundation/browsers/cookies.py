"""Which cookies of a call count (RFC 6265bis): those whose name a browser has checked, and which came once.

A browser keeps neighbouring hosts, other ports and scripts from setting a cookie by its name: by the prefixes `__Host-`
and `__Host-Http-`, and because a script cannot replace one that is `HttpOnly`. Django strips every kind of space from a
name and takes the last of several, so that a cookie of another name, or of another path, counted in place of ours.
"""

import re

from django.http import HttpRequest

_HEADER = "HTTP_COOKIE"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def keep_plain(request: HttpRequest) -> None:
    """Leaves of a call's cookies those that Django reads under the name by which the browser knows them.

    Of a name that comes with two values none is left: nobody can tell which is ours.
    """
    header = request.META.get(_HEADER)
    if header is None:
        return
    found: dict[str, set[str]] = {}
    for pair in header.split(";"):
        name, is_named, value = pair.strip(" \t").partition("=")
        if is_named and _TOKEN.fullmatch(name):
            found.setdefault(name, set()).add(value)
    request.META[_HEADER] = "; ".join(
        f"{name}={value}" for name, values in found.items() if len(values) == 1 for value in values
    )
