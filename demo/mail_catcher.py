"""A mail server on loopback that sends nothing on: each mail is a file, which any mail program opens."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from demo.processes import free_port


@contextmanager
def catching(folder: Path) -> Iterator[int]:
    """Takes mails and writes them into `folder` until the block ends; gives the port."""
    from aiosmtpd.controller import Controller  # noqa: PLC0415 - the demo alone has it, and it may be imported without

    logging.getLogger("mail.log").setLevel(logging.WARNING)  # or each line that a mail program says is printed
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = free_port()
    controller = Controller(_Catcher(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


class _Catcher:
    """Writes what comes in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keeps one mail, under its time and to whom it is."""
        at, to = datetime.now(UTC), envelope.rcpt_tos[0].partition("@")[0]
        name = (
            f"{at:%Y-%m-%d %H.%M.%S} {next(self._numbers)} {''.join(letter for letter in to if letter.isalnum())}.eml"
        )
        (self._folder / name).write_bytes(envelope.content)
        return "250 Kept"
