"""Which spellings are one name, as MySQL 8 has it (`utf8mb4_0900_ai_ci`, Unicode's collation of version 9)."""

import pytest

from registry.names import plain


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        # Letters that MLflow takes in an alias and a tag's key (`\w`), each with the primary weight of a plain one.
        ("p\ua783od", "prod"),
        ("\ua785\ua787a\u1d79ing", "staging"),
        ("\ua77de\ua77aail", "gedail"),
        ("\ua77c\ua782aud", "fraud"),
        ("f\ua79bncy", "fancy"),
        ("m\ua79ddel", "model"),
        ("p\ua79fll", "pull"),
        ("mode\u0140", "model"),
        ("mode\u013f", "model"),
        ("pu\u1efb", "pull"),
        ("\u01bear", "tsar"),
        ("\u018dei", "zwei"),
        # Signs of numbers, of whatever script and however drawn.
        ("live\u3021", "live1"),
        ("live\u0f2a", "live1"),
        ("live\u0f33", "live0"),
        ("live\u24eb", "live11"),
        ("live\U00010142", "live1"),
        # Letters that the collation ignores, and marks that stand alone.
        ("champ\u1cf2ion", "champion"),
        ("champion\ufe73", "champion"),
        ("champion\ufe70", "champion"),
        ("champion\ufc63", "champion"),
        # Drawn letters, which a model's name can hold.
        ("\U0001f175raud", "fraud"),
        ("\U0001f155raud", "fraud"),
        ("fr\u0363ud", "fraud"),
    ],
)
def test_what_the_collation_takes_for_a_name_is_that_name(spelled, name):
    assert plain(spelled) == name


@pytest.mark.parametrize("other", ["cham\u03b1", "\u0441hampion", "\u4e00", "\u00feorn", "\u0915\u093e"])
def test_other_scripts_and_other_letters_are_other_names(other):
    assert plain(other) == other
