"""Compares two prompts: their text line by line and word by word, chat prompts message by message. Pure."""

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evidence.budget import BoundedMatcher, Budget, TooMany
from evidence.rows import Kind, kind_of
from evidence.texts import Part, side_by_side, visible

_VARIABLE = re.compile(r"\{\{\s*([a-zA-Z0-9_]+(?:\.[a-zA-Z0-9_]+)*)\s*\}\}")
"""As in MLflow's `prompt.constants.PROMPT_TEMPLATE_VARIABLE_PATTERN`."""
_DIFFABLE_LINES = 2_000
"""Longer texts are shown whole."""
_COMPARABLE_MESSAGES = 200
"""A chat of more messages is compared as a text."""
_TOO_MUCH = "Too much differs to be compared line by line: first the former text, then the present one"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a unified diff.

    Attributes:
        kind: `hunk`, `context`, `added` or `removed`.
        text: The line without its sign.
        parts: The line with what differs from the line in its place marked; empty where none stands for it.
    """

    kind: str
    text: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageComparison:
    """One message of a chat prompt on both sides; a side that lacks it has None for role and text."""

    kind: Kind
    champion_role: str | None
    challenger_role: str | None
    champion: str | None
    challenger: str | None
    lines: tuple[DiffLine, ...]

    @property
    def role(self) -> str:
        """Whose message it is, on both sides if they differ."""
        roles = dict.fromkeys(role for role in (self.champion_role, self.challenger_role) if role is not None)
        return ", now ".join(roles)

    @property
    def text(self) -> str:
        """What one of the sides says, for a message that stands on one side alone or is the same on both."""
        return self.challenger if self.challenger is not None else self.champion or ""


@dataclass(frozen=True, slots=True)
class PromptComparison:
    """The prompt on both sides.

    Attributes:
        kind: How the text differs.
        champion: The text, None where there is none.
        challenger: The text, None where there is none.
        lines: What differs; empty unless both have text and differ.
        messages: Of a chat prompt, where all sides that have a text are one.
        variables_added: Variables that only the challenger asks for, by name.
        variables_lost: Variables that only the champion asks for, by name.
    """

    kind: Kind
    champion: str | None
    challenger: str | None
    lines: tuple[DiffLine, ...]
    messages: tuple[MessageComparison, ...]
    variables_added: tuple[str, ...]
    variables_lost: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "champion": self.champion,
            "challenger": self.challenger,
            "variables_added": list(self.variables_added),
            "variables_lost": list(self.variables_lost),
        }


def compare_prompts(new: str | None, old: str | None, *, has_champion: bool) -> PromptComparison | None:
    """Returns what differs between the challenger's text (`new`) and the champion's; None where neither is a prompt."""
    if new is None and old is None:
        return None
    kind = kind_of(old, new, has_champion=has_champion, equal=old == new)
    budget = Budget()
    both_differ = old is not None and new is not None and old != new
    asked, asked_before = (frozenset(_VARIABLE.findall(text or "")) for text in (new, old))
    return PromptComparison(
        kind,
        old,
        new,
        text_diff(old, new, budget) if old is not None and new is not None and both_differ else (),
        _messages(new, old, budget, has_champion=has_champion),
        tuple(sorted(asked - asked_before)) if has_champion else (),
        tuple(sorted(asked_before - asked)),
    )


def text_diff(old: str, new: str, budget: Budget | None = None) -> tuple[DiffLine, ...]:
    """Returns the lines of a unified diff; all of both texts, and a line that says so, where comparing takes too long.

    Args:
        old: The former text.
        new: The present one.
        budget: What comparing may cost, where several texts share it.
    """
    # Not splitlines(): a final line break that was added or lost is a difference too.
    before, after = old.split("\n"), new.split("\n")
    budget = budget or Budget()
    try:
        groups = _groups(before, after, budget)
    except TooMany:
        whole = (*(_line("removed", line) for line in before), *(_line("added", line) for line in after))
        return (_line("hunk", _TOO_MUCH), *whole)
    found: list[tuple[str, str]] = []
    for group in groups:
        first, last = group[0][3], group[-1][4]
        # A unified diff counts lines from 1, and names the line before a place where the new text has none.
        found.append(("hunk", f"Line {first + (first != last)}"))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                found += [("context", line) for line in before[i1:i2]]
                continue
            found += [("removed", line) for line in before[i1:i2]] + [("added", line) for line in after[j1:j2]]
    return tuple(with_words(found, budget))


def _groups(before: list[str], after: list[str], budget: Budget) -> list[list[tuple[str, int, int, int, int]]]:
    """Returns the changes with three lines around each; raises TooMany where finding them takes too long."""
    if max(len(before), len(after)) > _DIFFABLE_LINES:
        raise TooMany
    return list(BoundedMatcher(before, after, budget).get_grouped_opcodes(3))


def _line(kind: str, text: str, parts: tuple[Part, ...] = ()) -> DiffLine:
    return DiffLine(kind, visible(text), parts)


def with_words(found: Sequence[tuple[str, str]], budget: Budget | None = None) -> list[DiffLine]:
    """Returns (kind, text) of a difference as lines, the words marked where one line takes the place of another."""
    lines: list[DiffLine] = []
    position, budget = 0, budget or Budget()
    while position < len(found):
        removed = _run(found, position, "removed")
        added = _run(found, position + len(removed), "added")
        if not removed or not added:
            kind, text = found[position]
            lines.append(_line(kind, text))
            position += 1
            continue
        # Only as many as have a partner: line for line, as they stand.
        pairs = [side_by_side(old, new, budget) for old, new in zip(removed, added, strict=False)]
        nothing = [((), ())] * (max(len(removed), len(added)) - len(pairs))
        both = [*pairs, *nothing]
        lines += [_line("removed", text, marked[0]) for text, marked in zip(removed, both, strict=False)]
        lines += [_line("added", text, marked[1]) for text, marked in zip(added, both, strict=False)]
        position += len(removed) + len(added)
    return lines


def _run(found: Sequence[tuple[str, str]], start: int, kind: str) -> list[str]:
    end = start
    while end < len(found) and found[end][0] == kind:
        end += 1
    return [text for _, text in found[start:end]]


def _messages(new: str | None, old: str | None, budget: Budget, *, has_champion: bool) -> tuple[MessageComparison, ...]:
    after, before = _chat(new), _chat(old)
    if after is None or before is None:
        return ()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    found: list[MessageComparison] = []
    for _, first, last, start, end in matcher.get_opcodes():
        for offset in range(max(last - first, end - start)):
            one = before[first + offset] if first + offset < last else None
            two = after[start + offset] if start + offset < end else None
            found.append(_message(one, two, budget, has_champion=has_champion))
    return tuple(found)


def _message(
    old: tuple[str, str] | None, new: tuple[str, str] | None, budget: Budget, *, has_champion: bool
) -> MessageComparison:
    (old_role, old_text), (new_role, new_text) = old or (None, None), new or (None, None)
    return MessageComparison(
        kind_of(old, new, has_champion=has_champion, equal=old == new),
        old_role,
        new_role,
        old_text,
        new_text,
        text_diff(old_text, new_text, budget)
        if old_text is not None and new_text is not None and old_text != new_text
        else (),
    )


def _chat(text: str | None) -> list[tuple[str, str]] | None:
    """Returns (role, text) of each message of a chat prompt, nothing for no prompt, None for another text."""
    if text is None:
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # the latter for what is nested thousands deep
        return None
    if not isinstance(found, list) or not 1 <= len(found) <= _COMPARABLE_MESSAGES:
        return None
    messages = []
    for message in found:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or "content" not in message:
            return None
        content = message["content"]
        extra = {name: value for name, value in message.items() if name not in ("role", "content")}
        words = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
        messages.append((message["role"], f"{words}\n{json.dumps(extra, ensure_ascii=False)}" if extra else words))
    return messages
