"""Copies the body of a response while it is passed on."""

from collections.abc import Callable

from typing_extensions import override

from proxy.transfer.http1 import Answer


class RecordedAnswer(Answer):
    """A response of known length that hands over a copy of its body once it was read to its end.

    No copy is made of a response that breaks, or for which the client does not wait.
    """

    __slots__ = ("_abandoned", "_pieces", "_whole")

    def __init__(self, answer: Answer, whole: Callable[[bytes], None], abandoned: Callable[[], None]) -> None:
        """Takes over the response; calls `whole` or `abandoned` once."""
        for name in Answer.__slots__:
            setattr(self, name, getattr(answer, name))
        self._pieces: list[bytes] = []
        self._whole: Callable[[bytes], None] | None = whole
        self._abandoned = abandoned

    @override
    def read(self) -> bytes:
        data = super().read()
        if data and self._whole is not None:
            self._pieces.append(data)
        if self.is_finished and self._whole is not None:
            whole, self._whole = self._whole, None
            pieces, self._pieces = self._pieces, []
            whole(b"".join(pieces))
        return data

    @override
    def close(self) -> None:
        super().close()
        if self._whole is not None:
            self._whole, self._pieces = None, []
            self._abandoned()
