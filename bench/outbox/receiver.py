"""`python -m bench.outbox.receiver PORT SECONDS`: takes webhooks, answers after so many seconds, counts them."""

import asyncio
import signal
import sys
from contextlib import suppress

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Counted:
    """How many calls came in."""

    def __init__(self, seconds: float) -> None:
        self.calls = 0
        self._seconds = seconds

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads each call of a connection to its end and answers it."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                self.calls += 1
                await asyncio.sleep(self._seconds)
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()


async def main() -> None:
    """Serves until SIGTERM."""
    counted, ended = Counted(float(sys.argv[2])), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with await asyncio.start_server(counted.take, "127.0.0.1", int(sys.argv[1]), backlog=1024):
        await ended.wait()
    print(counted.calls, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
