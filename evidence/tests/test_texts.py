"""Two values that differ never look alike, and long ones show where they differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import texts
from evidence.budget import Budget
from evidence.texts import Part, visible


def side_by_side(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    return texts.side_by_side(old, new, Budget())


def read(parts: tuple[Part, ...]) -> str:
    """What somebody sees, with `<>` around what is marked and `~` for what is left out."""
    shown = {"same": "{}", "differs": "<{}>", "left_out": "~"}
    return "".join(shown[part.kind].format(part.text) for part in parts)


@pytest.mark.parametrize(
    ("old", "new", "champion", "challenger"),
    [
        ("adam", "adam ", "adam", "adam<␣>"),
        ("a b", "a  b", "a b", "a <␣>b"),
        ("one\ntwo", "one\r\ntwo", "one\ntwo", "one<[CR]>\ntwo"),
        ("adam", "ad\u200bam", "adam", "ad<[U+200B]>am"),
        ("adam", "\u0430dam", "<a>dam", "<\u0430[U+0430]>dam"),
        ("max\xa0depth", "max depth", "max<[U+00A0]>depth", "max<␣>depth"),
        ("model-v1.2.bin", "model-v1.3.bin", "model-v1.<2>.bin", "model-v1.<3>.bin"),
        ("lr=0.1, depth=3", "lr=0.1, depth=12", "lr=0.1, depth=<3>", "lr=0.1, depth=<12>"),
        ("\ttab", "tab", "<⇥>tab", "tab"),
        ("to a patient.", "to a patient in plain words.", "to a patient.", "to a patient< in plain words>."),
        ("a b", "a␣b", "a<␣>b", "a<␣[U+2423]>b"),
    ],
)
def test_what_differs_is_marked_and_can_be_seen(old: str, new: str, champion: str, challenger: str) -> None:
    before, after = side_by_side(old, new)
    assert (read(before), read(after)) == (champion, challenger)
    after, before = side_by_side(new, old)
    assert (read(before), read(after)) == (champion, challenger)


def test_texts_with_nothing_in_common_are_shown_whole() -> None:
    assert side_by_side("adam", "sgd") == ((), ())
    assert side_by_side("5", "8") == ((), ())


def test_a_direction_mark_cannot_turn_a_value_round() -> None:
    assert visible("approved \u202egnihton") == "approved [U+202E]gnihton"
    assert visible("naïve модель 模型\n\tx") == "naïve модель 模型\n\tx"


def test_long_values_show_where_they_differ() -> None:
    old = "x" * 500 + " learning rate 0.1 " + "y" * 500
    before, after = side_by_side(old, old.replace("0.1", "0.2"))
    assert read(before) == f"~{'x' * 23} learning rate 0.<1> {'y' * 39}~"
    assert read(after) == read(before).replace("<1>", "<2>")


def test_a_text_of_many_words_is_compared_from_both_ends() -> None:
    old = " ".join(str(number) for number in range(100_000))
    before, after = side_by_side(old, old.replace(" 50000 ", " fifty "))
    assert "<50000>" in read(before)
    assert "<fifty>" in read(after)
    assert len(read(before)) < 200


def test_what_a_page_cannot_afford_is_compared_from_both_ends() -> None:
    old, new, budget = "a b c d e f", "a x c d y f", Budget(squares=200)
    assert [part.text for part in texts.side_by_side(old, new, budget)[0] if part.kind == "differs"] == ["b", "e"]
    assert [part.text for part in texts.side_by_side(old, new, budget)[0] if part.kind == "differs"] == ["b c d e"]


TEXTS = st.text(alphabet=st.sampled_from("ab␣ \u0430\u0251\u200b\u202e\r\n\t \xa0é1.0"), max_size=30)


@given(TEXTS, TEXTS)
def test_different_values_never_read_alike(old: str, new: str) -> None:
    before, after = side_by_side(old, new)
    if old == new:
        assert not any(part.kind == "differs" for part in (*before, *after))
    elif before or after:
        assert read(before) != read(after)
        assert any(part.kind == "differs" for part in (*before, *after))


@given(TEXTS, TEXTS)
def test_swapping_the_sides_swaps_the_parts(old: str, new: str) -> None:
    assert side_by_side(old, new) == side_by_side(new, old)[::-1]


def test_where_two_texts_differ_is_found_when_somebody_looks_and_once() -> None:
    budget = Budget(squares=100)
    marks = [texts.Marks("a b c d", "a b c e", budget) for _ in range(5)]
    assert budget.affords(1)
    (old, _), again = marks[3].sides, marks[3].sides
    assert read(old) == "a b c <d>"
    assert again is marks[3].sides
    assert not budget.affords(8)
