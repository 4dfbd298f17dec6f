"""Takes a copy of an answer's body while it is passed on."""

from collections.abc import Callable

from proxy.transfer.http1 import Answer


class RecordedAnswer(Answer):
    """An answer of known length that hands a copy of its body on once it was read to its end.

    An answer that breaks, or that the client does not wait for, is handed on to nobody.
    """

    __slots__ = ("_abandoned", "_pieces", "_whole")

    def __init__(self, answer: Answer, whole: Callable[[bytes], None], abandoned: Callable[[], None]) -> None:
        """Takes the answer over; exactly one of the two is called."""
        for name in Answer.__slots__:
            setattr(self, name, getattr(answer, name))
        self._pieces: list[bytes] = []
        self._whole: Callable[[bytes], None] | None = whole
        self._abandoned = abandoned

    def read(self) -> bytes:
        """Returns the next bytes, as `Answer.read`."""
        data = super().read()
        if data and self._whole is not None:
            self._pieces.append(data)
        if self.is_finished and self._whole is not None:
            whole, self._whole = self._whole, None
            pieces, self._pieces = self._pieces, []
            whole(b"".join(pieces))
        return data

    def close(self) -> None:
        """Gives the answer up, as `Answer.close`."""
        super().close()
        if self._whole is not None:
            self._whole, self._pieces = None, []
            self._abandoned()
