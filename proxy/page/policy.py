"""What browsers may do with what MLflow serves from our origin.

Three kinds: MLflow's own interface, which may run its own files and nothing else; those files; and all the rest, above
all artifacts, which anybody writes and which run nowhere, whatever their name, type or content is.
"""

import re

from django.http import HttpRequest

from foundation.browsers import policies
from proxy.assets import names
from proxy.transfer.http1 import Headers

_OUR_FILES = f"{policies.STATIC}checkpoint/"
_STATIC_FILES = "static-files/"

# What a browser would take as a part of a page: JavaScript under all names that the MIME Sniffing standard knows
# (section 4.6), style sheets, and XSLT, which writes pages.
_CODE = re.compile(
    r"\s*(?:(?:text|application)/(?:x-)?(?:java|ecma|j|live)script[\d.]*|text/css|(?:text|application)/xsl(?:t\+xml)?)"
    r"(?=[\s;,]|$)",
    re.IGNORECASE,
)


def folder_of_files(path: str) -> str:
    """Returns where the files of the interface lie that is at this path: beside its document, or further up."""
    before, found, _ = path.partition(f"/{_STATIC_FILES}")
    return f"{before}{found}" if found else f"{path.rpartition('/')[0]}/{_STATIC_FILES}"


def for_interface(request: HttpRequest, path: str) -> str:
    """Returns the policy of MLflow's own document (3.17.2), or of a page among its files.

    MLflow renders what anybody wrote: links with the address `javascript:`, views kept in tags. So nothing inline runs,
    and scripts come from the two folders that hold MLflow's files and ours. Where it is looser than one would like:

    * Styles may be inline: MLflow's libraries (React, emotion, plotly, wavesurfer) make style sheets as they run.
    * `unsafe-eval`: plotly compiles its parallel coordinates, on the page that compares runs. MLflow itself makes code
      of no text: it reads YAML with `safeLoad`, and evaluates no cells.
    * Pictures and media come from anywhere: descriptions link them, maps have their tiles from OpenStreetMap.
    * `blob:` frames show attached PDFs, and have this same policy. What is logged as HTML is shown in a frame of ours
      (`mlflow_ui.js`), where its own scripts run, away from our origin.

    Args:
        request: For the host name.
        path: Of the document.
    """
    files = policies.folders(request, folder_of_files(path))
    code = f"{files} {policies.folders(request, _OUR_FILES)}"
    return policies.policy(
        {
            "script-src": f"{code} 'unsafe-eval'",
            "style-src": f"{code} 'unsafe-inline'",
            "font-src": f"{files} data:",
            "img-src": "* data: blob:",
            "media-src": "* data: blob:",
            "connect-src": "'self' data: blob:",
            "worker-src": files,
            "frame-src": f"{policies.folders(request, _OUR_FILES)} blob:",
            "manifest-src": files,
            "form-action": "'none'",
            "base-uri": "'self'",
        }
    )


def apply(request: HttpRequest, path: str, headers: Headers, *, is_document: bool = False) -> Headers:
    """Returns the headers of an answer of MLflow's with what keeps it from running where it must not.

    A policy that MLflow sends itself stays: browsers then obey both.

    Args:
        request: What is answered.
        path: As it went upstream.
        headers: What else the client gets.
        is_document: Whether the answer is MLflow's document. No header could tell, since anybody can upload one.
    """
    if is_document or (names.is_static(path) and _is_html(headers)):
        return [*_sniffed_never(headers), ("Content-Security-Policy", for_interface(request, path))]
    if names.is_static(path):
        # Workers would obey a policy too, and MLflow's need none.
        return _sniffed_never(headers)
    plain = [(name, _harmless(value) if name.lower() == "content-type" else value) for name, value in headers]
    return [*_sniffed_never(plain), ("Content-Security-Policy", policies.CONTAINED)]


def is_code(content_type: str) -> bool:
    """Tells whether a browser could take a file of this type as a script or a style sheet."""
    return _CODE.match(content_type) is not None


def _is_html(headers: Headers) -> bool:
    return any(name.lower() == "content-type" and "html" in value.lower() for name, value in headers)


def _sniffed_never(headers: Headers) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() != "x-content-type-options"]
    return [*kept, ("X-Content-Type-Options", "nosniff")]


def _harmless(content_type: str) -> str:
    return _CODE.sub("text/plain", content_type)
