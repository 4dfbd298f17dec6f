"""The process in which the built-in check is made: reads one JSON document, answers one, and can do nothing else.

`process` starts it by its path, without site-packages, with an empty environment, with what it imports from in its
arguments. Everything is imported before it is confined: nothing can be opened afterwards.
"""

import json
import os
import sys

sys.path.extend(sys.argv[1:])

from evidence.inspection.confinement import OUT_OF_MEMORY, confine
from evidence.inspection.judging import judge, read_subject


def main() -> None:
    """Answers `{"held": [...], "findings": [...]}` on standard output."""
    try:
        held = confine()
        files, too_large, listed = read_subject(_everything())
        answer = {"held": held, "findings": [found.as_dict() for found in judge(files, too_large, listed)]}
        _write(json.dumps(answer).encode())
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    os._exit(0)


def _everything() -> bytes:
    pieces = []
    while piece := os.read(0, 65_536):
        pieces.append(piece)
    return b"".join(pieces)


def _write(content: bytes) -> None:
    while content:
        content = content[os.write(1, content) :]


if __name__ == "__main__":
    main()
