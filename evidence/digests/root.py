"""One digest for all files of a version, as OpenSSF model signing computes it. Pure.

It is the SHA-256 of the files' own SHA-256, in bytes, one after the other in the order of their paths, part by part: so
it equals the digest of the subject in a `model.sig` (https://github.com/sigstore/model-transparency, version 1.1).
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

IGNORED = frozenset({"model.sig", ".git", ".github", ".gitignore", ".gitattributes"})
"""What model signing leaves out of the root at the top: the signature itself and git's own files."""


def is_digested(path: str) -> bool:
    """Tells whether a file counts for the root."""
    return PurePosixPath(path).parts[:1] not in {(name,) for name in IGNORED}


def is_signature(path: str) -> bool:
    """Tells whether a file is the signature, which is made after the digests; a model may be loaded from any other."""
    return path == "model.sig"


def root_digest(files: Mapping[str, str]) -> str:
    """Returns the root in hex.

    Args:
        files: {path: SHA-256 in hex}.
    """
    root = hashlib.sha256()
    for path in sorted(filter(is_digested, files), key=PurePosixPath):
        root.update(bytes.fromhex(files[path]))
    return root.hexdigest()


def digest_of(pieces: Iterable[bytes]) -> tuple[str, int]:
    """Returns SHA-256 in hex and size in bytes of a file that comes in pieces."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size
