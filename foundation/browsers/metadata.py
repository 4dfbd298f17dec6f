"""What a browser says about a call that it makes: from where, how, and what for (W3C Fetch Metadata).

No page can make a browser lie about these headers. Browsers send them over TLS and to localhost, programs do not: a
rule here holds where they are there, and beside it stands another that needs none of them.
"""

from django.http import HttpRequest

FROM_OUR_ORIGIN = frozenset({"", "same-origin", "none"})
"""Values of Sec-Fetch-Site for calls of our own pages, of no page at all, and of programs."""

# As a script, a worker or a style sheet, in other words as a part of the page that asks. The rest is looked at (images,
# media, documents, which have a policy of their own) or read by a script that runs already ("empty").
_AS_CODE = frozenset(
    {
        "audioworklet",
        "json",
        "manifest",
        "paintworklet",
        "script",
        "serviceworker",
        "sharedworker",
        "style",
        "webbundle",
        "worker",
        "xslt",
    }
)


def site(request: HttpRequest) -> str:
    """Returns "same-origin", "same-site", "cross-site", "none" for a person's own doing, or "" without the header."""
    value: str = request.META.get("HTTP_SEC_FETCH_SITE", "")
    return value


def destination(request: HttpRequest) -> str:
    """Returns what the answer is for: "document", "script", "image", "empty" for a script's own call; "" unsaid."""
    value: str = request.META.get("HTTP_SEC_FETCH_DEST", "")
    return value


def is_code(request: HttpRequest) -> bool:
    """Tells whether the browser is going to make the answer a part of a page of ours."""
    return destination(request) in _AS_CODE


def is_service_worker(request: HttpRequest) -> bool:
    """Tells whether the answer would be a service worker, which then answers for every page below its folder.

    Every browser sends this header, with or without TLS (Service Workers, section "Soft Update").
    """
    return "HTTP_SERVICE_WORKER" in request.META


def is_navigation(request: HttpRequest) -> bool:
    """Tells whether a person goes to this address in a tab of its own, as far as the browser says."""
    return destination(request) in {"", "document"} and request.META.get("HTTP_SEC_FETCH_MODE", "") in {"", "navigate"}


def is_call(request: HttpRequest) -> bool:
    """Tells whether a script asks, to read the answer itself, as far as the browser says."""
    mode = request.META.get("HTTP_SEC_FETCH_MODE", "")
    return destination(request) in {"", "empty"} and mode in {"", "cors", "same-origin"}


def is_sent_by_our_page(request: HttpRequest) -> bool:
    """Tells whether one of our own pages makes this call, by its form or by its script, as far as the browser says."""
    return site(request) in {"", "same-origin"} and (is_navigation(request) or is_call(request))
