"""Numbers as people read them and as JSON takes them. Pure."""

import math
from dataclasses import dataclass
from decimal import Context, Decimal

_EXACT = Context(prec=34)
"""Twice a double's 17 digits, so that the difference of two doubles of similar size is never rounded."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as people read it (`text`, about six digits for a number) and with all its digits (`exact`)."""

    text: str
    exact: str


def shown(number: float) -> Value:
    """Returns a number as it is shown."""
    return Value(_human(_decimal(number), 6), str(json_number(number)))


def _decimal(number: float) -> Decimal:
    # From the shortest digits that mean this double, so that 0.3 - 0.2 is 0.1 and not 0.09999999999999998.
    return Decimal(repr(float(number)))


def _human(number: Decimal, digits: int) -> str:
    """Writes a number with about `digits` significant digits, without an exponent where it has a common size."""
    if not number.is_finite():
        return str(number)
    if not number:
        return "0"
    magnitude = number.adjusted()
    if not -5 <= magnitude < 15:
        mantissa, _, exponent = f"{number:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{exponent}"
    text = f"{number:.{max(0, digits - 1 - magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(number: Decimal, digits: int) -> str:
    return f"+{_human(number, digits)}" if number > 0 else _human(number, digits)


def json_number(number: float) -> float | str:
    """Returns the number, or a text for NaN and infinities, which JSON lacks."""
    if math.isfinite(number):
        return float(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def change(old: float, new: float) -> tuple[Value | None, Value | None]:
    """Returns the difference, absolute and in per cent of the old value; None where there is no such number."""
    if not (math.isfinite(new) and math.isfinite(old)):
        return None, None
    change = _EXACT.subtract(_decimal(new), _decimal(old))
    delta = Value(_signed(change, 6), str(change))
    if old == 0:
        return delta, None
    ratio = _EXACT.multiply(_EXACT.divide(change, abs(_decimal(old))), Decimal(100))
    return delta, Value(f"{_signed(ratio, 3)} %", str(ratio))
