"""What rows of a comparison are made of: inert whatever a model says, and without an include for each row."""

import pytest
from django.template import loader_tags
from django.utils.safestring import SafeString

from evidence.numbers import Value, shown
from evidence.rows import Kind, TextRow
from promote_requests.templatetags.rows import as_measured, as_sign, as_value
from registry.measurements import Measurement, Origin

HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 30])
def test_a_value_is_inert_in_whichever_form(text):
    for value in (Value(text, text), Value(text, f"{text}0")):
        made = as_value(value)
        assert isinstance(made, SafeString)
        assert "<script" not in made
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in made


def test_a_value_says_all_its_digits_folds_when_it_is_long_and_says_when_there_is_none():
    assert as_value(shown(0.123456789)) == '<span title="0.123456789">0.123457</span>'
    assert as_value(shown(0.5)) == "0.5"
    assert as_value(None) == '<span class="none">none</span>'
    assert "301 characters" in as_value(Value("x" * 301, "x" * 301))


def test_every_kind_has_its_sign_and_word():
    words = [as_sign(TextRow("a", kind, None, None)) for kind in Kind]
    assert ["changed" in words[0], "added" in words[1], "removed" in words[2], "equal" in words[3]] == [True] * 4
    assert words[4] == ""


def test_how_something_was_measured_is_inert():
    other = Measurement("auc", 0.5, dataset_name=HOSTILE, origin=Origin.LOGGED_MODEL)
    assert "<script" not in as_measured(Measurement("auc", 0.9, dataset_name=HOSTILE, other=other))


@pytest.mark.django_db
def test_a_row_more_takes_no_include_more(registry, grace, client, monkeypatch):
    counted = []
    render = loader_tags.IncludeNode.render

    def counting(node, context):
        counted.append(1)
        return render(node, context)

    monkeypatch.setattr(loader_tags.IncludeNode, "render", counting)
    client.force_login(grace)
    taken = []
    for name, many in (("Few", 10), ("Many", 90)):
        for shift in (0.0, 1.0):
            metrics = {f"m{at}": shift + at for at in range(many)}
            registry.add_version(name, metrics=metrics)
        counted.clear()
        assert client.get("/checkpoint/compare/", {"model": name, "version": "2", "with": "1"}).status_code == 200
        taken.append(len(counted))
    assert taken[1] - taken[0] <= 1  # many metrics have a form
