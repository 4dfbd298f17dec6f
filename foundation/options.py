"""Options of commands, refused as settings are: in one line that names them."""

from collections.abc import Callable

from foundation import env


def whole_number(option: str, *, maximum: int, minimum: int = 1) -> Callable[[str], int]:
    """Returns what argparse needs as the `type` of an option that is a number within [minimum, maximum]."""

    def read(text: str) -> int:
        return env.whole_number(option, text, minimum=minimum, maximum=maximum)

    return read


def port(option: str) -> Callable[[str], int]:
    """Returns the same for a port."""
    return whole_number(option, maximum=65_535)
