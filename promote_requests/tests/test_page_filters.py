"""The filters by which pages write names: what changes how others are read is spelled out, and markup stays text."""

import pytest
from django.template import Context, Template

from promote_requests.templatetags.pages import wrappable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sk\u202eelearn", "U+202E"),
        ("lo\u200bng", "U+200B"),
        ("a\u2066b", "U+2066"),
        ("a\ufeffb", "U+FEFF"),
        ("a\x00b", "U+0000"),
        ("a\u200fb", "U+200F"),
    ],
)
def test_a_character_that_nobody_sees_is_spelled_out_in_a_name(name, shown):
    written = Template("{% load pages %}{{ name|wrappable }}").render(Context({"name": name}))
    assert shown in written
    assert not any(hidden in written for hidden in "\u202e\u200b\u2066\ufeff\x00\u200f")
    assert written != wrappable(name.replace(name[1:-1], ""))


def test_names_that_differ_in_what_nobody_sees_are_not_written_alike():
    assert len({wrappable(name) for name in ("long", "lo\u200bng", "lo\u200cng", "lo\u2060ng", "\u202elong")}) == 5


def test_ordinary_names_are_written_as_they_are_and_may_break_at_a_joint():
    assert wrappable("größe wert") == "größe wert"
    assert wrappable("val/mean_error") == "val/<wbr>mean_<wbr>error"
    assert wrappable(None) == "None"


def test_markup_in_a_name_stays_text():
    assert wrappable("<img src=x onerror=alert(1)>") == "&lt;img src=x onerror=alert(1)&gt;"
    assert wrappable("a.<b>&\u202e") == "a.<wbr>&lt;b&gt;&amp;" + wrappable("\u202e")
