"""The description of one kept file."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

FORMAT = 1
CODINGS = ("br", "gzip", "identity")
"""The codings, as in the header Content-Encoding, the best first."""


class Corrupted(Exception):
    """A file on the disk is not what was written there."""


@dataclass(frozen=True, slots=True)
class Body:
    """One form of a file.

    Attributes:
        length: In bytes.
        digest: Its SHA-256 in hexadecimal.
    """

    length: int
    digest: str

    @classmethod
    def of(cls, data: bytes) -> "Body":
        return cls(len(data), sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of MLflow's, in all the forms in which it is kept.

    Attributes:
        upstream: MLflow's address, so that the file of another MLflow is not taken for it.
        path: The path of the call.
        etag: MLflow's own entity tag, "" if it sent none; it changes when MLflow is upgraded.
        headers: What the client gets beside length, encoding, caching and entity tag.
        bodies: {coding: form}; "identity" is always there.
    """

    upstream: str
    path: str
    etag: str
    headers: tuple[tuple[str, str], ...]
    bodies: dict[str, Body]

    @property
    def key(self) -> str:
        """The name under which the file is kept."""
        return key(self.upstream, self.path)

    def coding(self, accepted: frozenset[str]) -> str:
        """Returns the best coding that the client accepts."""
        return next((name for name in CODINGS if name in accepted and name in self.bodies), "identity")

    def tag(self, coding: str) -> str:
        """Returns the entity tag of one form, computed from the content, so that all replicas have the same."""
        digest = self.bodies["identity"].digest[:24]
        return f'"{digest}"' if coding == "identity" else f'"{digest}-{coding}"'

    def dump(self) -> bytes:
        """Returns the bytes for the disk: the checksum of the JSON, and the JSON."""
        text = json.dumps({"format": FORMAT, **asdict(self)}).encode()
        return sha256(text).hexdigest().encode() + b"\n" + text


def load(data: bytes) -> Entry:
    """Reads what `Entry.dump` wrote.

    Raises:
        Corrupted: it is damaged, or another release wrote it.
    """
    checksum, _, text = data.partition(b"\n")
    if sha256(text).hexdigest().encode() != checksum:
        raise Corrupted("its description is damaged")
    found = json.loads(text)
    if found.pop("format") != FORMAT:
        raise Corrupted("another release wrote it")
    found["headers"] = tuple((name, value) for name, value in found["headers"])
    found["bodies"] = {coding: Body(**body) for coding, body in found["bodies"].items()}
    return Entry(**found)


def key(upstream: str, path: str) -> str:
    """Returns the name under which a file of an MLflow is kept."""
    return sha256(f"{upstream}\0{path}".encode()).hexdigest()[:32]
