"""Reads gates. A small grammar by hand: every error names the place and what would have been right there. Pure.

gate     = ["metric"] NAME ["on" "dataset" NAME] (OP NUMBER | beside)
| ("tag" | "param") NAME ("exists" | ("=" | "!=") VALUE | "in" list)
| "description" "required" | "artifact" NAME "exists" | "signature" "compatible"
| "size" OP NUMBER UNIT | "age" OP NUMBER UNIT | "dataset" [NAME] ("=" VALUE | "in" list)
beside   = ("no" "worse" | "better") "than" "champion" ["by" NUMBER ["%"]]
list     = "(" VALUE {"," VALUE} ")"
"""

import re
from dataclasses import dataclass

from foundation.exceptions import InvalidInput
from protection.gates.base import Gate
from protection.gates.measures import BesideChampion, MetricBound, Op
from protection.gates.statements import AgeBound, Described, Fits, HasArtifact, Said, SizeBound, UsesData
from protection.gates.words import SIZES, SPANS, is_number

LONGEST = 500
"""Characters of a gate."""
_MOST_VALUES = 50
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<op><=|>=|!=|==|=|<|>|≤|≥|≠)
    |(?P<sign>[(),%])
    |(?P<bare>[A-Za-z0-9_.@:/+*?-]+)""",
    re.VERBOSE | re.DOTALL,
)
_OPS = {"==": "=", "≤": "<=", "≥": ">=", "≠": "!="}
_UNITS = {unit.casefold(): unit for unit in SIZES}
_SPANS = {name: unit for unit in SPANS for name in (unit, unit[:-1])}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def shown(self) -> str:
        return "the end" if self.kind == "end" else f"{self.text!r}"


def parse_gate(expression: str) -> Gate:
    """Returns the gate that an expression describes.

    Raises:
        InvalidInput: `field` is `gates`; the message names the character, from 1, and what was expected there.
    """
    if len(expression) > LONGEST:
        raise InvalidInput(f"A gate has at most {LONGEST} characters.", field="gates")
    reader = _Reader(expression)
    gate = reader.gate()
    reader.end()
    return gate


class _Reader:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(self._split(expression))
        self._next = 0

    def gate(self) -> Gate:
        begins = {
            "metric": self._metric,
            "tag": lambda: self._said("tag"),
            "param": lambda: self._said("param"),
            "description": self._description,
            "artifact": self._artifact,
            "signature": self._signature,
            "size": self._size,
            "age": self._age,
            "dataset": self._dataset,
        }
        token = self._peek()
        if token.kind == "bare" and (begin := begins.get(token.text.casefold())):
            self._take()
            return begin()
        if token.kind in ("bare", "text"):
            return self._metric()
        raise self._wrong(token, f"a metric's name or one of {', '.join(begins)}")

    def end(self) -> None:
        token = self._peek()
        if token.kind != "end":
            raise self._wrong(token, "the end")

    def _metric(self) -> Gate:
        name = self._name("the metric's name")
        dataset = ""
        if self._if_word("on"):
            self._word("dataset")
            dataset = self._name("the data set's name")
        token = self._peek()
        if token.kind == "op":
            op = self._op()
            return MetricBound(name, dataset, op, self._number())
        if self._if_word("no"):
            self._word("worse")
            return self._beside(name, dataset, is_better=False)
        if self._if_word("better"):
            return self._beside(name, dataset, is_better=True)
        raise self._wrong(token, "<=, >=, <, >, =, !=, no worse than champion, or better than champion")

    def _beside(self, name: str, dataset: str, *, is_better: bool) -> Gate:
        self._word("than")
        self._word("champion")
        amount, is_percent = 0.0, False
        if self._if_word("by"):
            token = self._peek()
            amount = self._number()
            if amount < 0:
                raise self._wrong(token, "a number that is not negative")
            is_percent = self._if_sign("%")
        return BesideChampion(name, dataset, is_better, amount, is_percent)

    def _said(self, kind: str) -> Gate:
        name = self._name(f"the {kind}'s name")
        if self._if_word("exists"):
            return Said(kind, name, True, ())
        if self._if_word("in"):
            return Said(kind, name, True, self._values())
        token = self._peek()
        if token.kind == "op" and _OPS.get(token.text, token.text) in ("=", "!="):
            return Said(kind, name, self._op() is Op.EQUAL, (self._name("a value"),))
        raise self._wrong(token, "=, !=, in, or exists")

    def _description(self) -> Gate:
        self._word("required")
        return Described()

    def _artifact(self) -> Gate:
        path = self._name("the file's path")
        self._word("exists")
        return HasArtifact(path)

    def _signature(self) -> Gate:
        self._word("compatible")
        return Fits()

    def _size(self) -> Gate:
        op = self._op()
        return SizeBound(op, self._number(), self._unit(_UNITS, ", ".join(SIZES)))

    def _age(self) -> Gate:
        op = self._op()
        return AgeBound(op, self._number(), self._unit(_SPANS, ", ".join(SPANS)))

    def _dataset(self) -> Gate:
        context = ""
        token = self._peek()
        if token.kind in ("bare", "text") and token.text.casefold() != "in":
            context = self._name("the context's name")
        if self._if_word("in"):
            return UsesData(context, self._values())
        token = self._peek()
        if token.kind == "op" and self._op() is Op.EQUAL:
            return UsesData(context, (self._name("the data set's name"),))
        raise self._wrong(token, "= or in")

    def _values(self) -> tuple[str, ...]:
        self._sign("(")
        values = [self._name("a value")]
        while self._if_sign(","):
            token = self._peek()
            values.append(self._name("a value"))
            if len(values) > _MOST_VALUES:
                raise self._wrong(token, f"at most {_MOST_VALUES} values")
        self._sign(")")
        return tuple(dict.fromkeys(values))

    def _op(self) -> Op:
        token = self._take()
        if token.kind != "op":
            raise self._wrong(token, "<=, >=, <, >, =, or !=")
        return Op(_OPS.get(token.text, token.text))

    def _number(self) -> float:
        token = self._take()
        if token.kind != "bare" or not is_number(token.text):
            raise self._wrong(token, "a number")
        value = float(token.text)
        if value in (float("inf"), float("-inf")):
            raise self._wrong(token, "a number that is not that large")
        return value

    def _unit(self, units: dict[str, str], known: str) -> str:
        token = self._take()
        found = units.get(token.text.casefold()) if token.kind == "bare" else None
        if found is None:
            raise self._wrong(token, f"a unit: {known}")
        return found

    def _name(self, what: str) -> str:
        token = self._take()
        if token.kind == "bare":
            return token.text
        if token.kind != "text":
            raise self._wrong(token, what)
        inner = token.text[1:-1]
        name = inner if token.text[0] == "`" else re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
        if not name or "\x00" in name:
            raise self._wrong(token, f"{what}, which is not empty")
        return name

    def _word(self, word: str) -> None:
        token = self._peek()
        if not self._if_word(word):
            raise self._wrong(token, f"the word {word}")

    def _sign(self, sign: str) -> None:
        token = self._peek()
        if not self._if_sign(sign):
            raise self._wrong(token, repr(sign))

    def _if_word(self, word: str) -> bool:
        token = self._peek()
        if token.kind == "bare" and token.text.casefold() == word:
            self._take()
            return True
        return False

    def _if_sign(self, sign: str) -> bool:
        token = self._peek()
        if token.kind == "sign" and token.text == sign:
            self._take()
            return True
        return False

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _split(self, expression: str) -> "list[_Token]":
        tokens: list[_Token] = []
        at = 0
        while at < len(expression):
            found = _TOKEN.match(expression, at)
            if found is None:
                what = "a closing quote" if expression[at] in "\"'`" else "a name, a number or a comparison"
                raise self._wrong(_Token("other", expression[at], at), what)
            # `2%` is a number and a sign; `0.8,` as well: neither sign is part of a bare word.
            if found.lastgroup != "space":
                tokens.append(_Token(str(found.lastgroup), found.group(), at))
            at = found.end()
        tokens.append(_Token("end", "", len(expression)))
        return tokens

    def _wrong(self, token: _Token, expected: str) -> InvalidInput:
        where = f"At character {token.at + 1} of the gate {self._expression!r}"
        return InvalidInput(f"{where}: expected {expected}, found {token.shown}.", field="gates")
