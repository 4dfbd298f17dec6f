"""Answers calls for MLflow's files from the kept ones, and has the others kept.

Only files with a hash of their content in their name are kept, and only from a plain, whole response 200 of the
expected type that every caller would have got. A kept file is compared with MLflow's now and then, in the background,
so that another MLflow is noticed even if it serves other content under an old name.
"""

import logging
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from proxy.assets import names
from proxy.assets.disk import Disk
from proxy.assets.entries import Corrupted, Entry, key
from proxy.assets.keeping import COMPARE_SECONDS, FILE_BYTES, Keeper, is_encoded, is_usable
from proxy.assets.making import Background
from proxy.assets.memory import Kept, Memory
from proxy.assets.recording import RecordedAnswer
from proxy.transfer.http1 import Answer, Headers
from proxy.transfer.negotiation import accepted_codings, has_tag

logger = logging.getLogger("checkpoint.assets")

MEMORY_BYTES = 32 * 1024 * 1024
IMMUTABLE = "public, max-age=31536000, immutable"


class Assets:
    """The kept files of one MLflow."""

    def __init__(self, disk: Disk, memory: Memory, url: str) -> None:
        """Takes MLflow's address as `url`."""
        self.disk = disk
        self.memory = memory
        self._keeper = Keeper(disk, memory, url)
        self._background = Background()
        self._url = url

    def answer(self, request: HttpRequest, path: str) -> HttpResponse | None:
        """Returns the response to a GET or HEAD; None if MLflow must be asked, as for parts of files."""
        meta = request.META
        if not names.extension(path) or "HTTP_RANGE" in meta:
            return None
        found = self._find(key(self._url, path), accepted_codings(meta.get("HTTP_ACCEPT_ENCODING", "")))
        if found is None:
            return None
        entry, coding, data = found
        if _is_known(entry, coding, meta.get("HTTP_IF_NONE_MATCH"), meta.get("HTTP_IF_MODIFIED_SINCE")):
            response = HttpResponse(status=304)
        else:
            response = HttpResponse(b"" if request.method == "HEAD" else data)
            response.headers["Content-Length"] = str(len(data))
            if coding != "identity":
                response.headers["Content-Encoding"] = coding
        del response.headers["Content-Type"]  # Django's
        for name, value in entry.headers:
            response.headers[name] = value
        response.headers["Cache-Control"] = IMMUTABLE
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["ETag"] = entry.tag(coding)
        return response

    def received(self, path: str, method: str, answer: Answer) -> Answer:
        """Returns MLflow's response with caching headers; the file is kept once the response has been passed on."""
        if not names.extension(path):
            if answer.status in {200, 206, 304}:
                answer.headers = _cached(answer.headers, "no-cache")
            return answer
        if not is_usable(path, answer.status, answer.headers):
            return answer
        head = answer.headers
        answer.headers = _cached(head, IMMUTABLE)
        size = answer.length or 0
        if method != "GET" or not 0 < size <= FILE_BYTES or is_encoded(head) or not self._background.begin(path, size):
            return answer
        return RecordedAnswer(
            answer,
            lambda data: self._background.run(path, size, lambda: self._keeper.keep(path, head, data)),
            lambda: self._background.give_up(path, size),
        )

    def _find(self, name: str, accepted: frozenset[str]) -> tuple[Entry, str, bytes] | None:
        """Returns a kept file, the coding for the client and the bytes of that form; None if it is not kept."""
        kept = self.memory.get(name)
        if kept is not None:
            self._compare_when_due(kept)
            coding = kept.entry.coding(accepted)
            if coding in kept.bodies:
                return kept.entry, coding, kept.bodies[coding]
        try:
            entry = self.disk.entry(name)
            if entry is None:
                self.memory.drop(name)
                return None
            coding = entry.coding(accepted)
            data = self.disk.body(entry, coding)
        except Corrupted as error:
            logger.warning("A kept file of MLflow's is fetched again: %s.", error)
            self.memory.drop(name)
            self.disk.drop(name)
            return None
        if data is None:
            return None
        self.memory.put(entry, {coding: data}, COMPARE_SECONDS - (self.disk.age(name) or 0))
        return entry, coding, data

    def _compare_when_due(self, kept: Kept) -> None:
        path = kept.entry.path
        if self.memory.is_due(kept, COMPARE_SECONDS) and self._background.begin(path, 0):
            self._background.run(path, 0, lambda: self._keeper.compare(kept.entry))


def _is_known(entry: Entry, coding: str, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Tells whether the client has this file already (RFC 9110 section 13.2.2).

    MLflow's own tag counts too: responses that were passed on before the file was kept had it.
    """
    if if_none_match is not None:
        return has_tag(if_none_match, entry.tag(coding), entry.etag)
    return if_modified_since is not None and any(
        name.lower() == "last-modified" and value == if_modified_since for name, value in entry.headers
    )


def _cached(headers: Headers, control: str) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() not in {"cache-control", "expires", "pragma"}]
    return [*kept, ("Cache-Control", control)]


@cache
def assets() -> Assets | None:
    """Returns the kept files of this process; None if CHECKPOINT_ASSET_CACHE_MB switches them off."""
    limit = settings.CHECKPOINT_ASSET_CACHE_MB * 1024 * 1024
    if not limit:
        return None
    return Assets(Disk(settings.STATE_DIR / "assets", limit), Memory(MEMORY_BYTES), settings.CHECKPOINT_REGISTRY_URL)
