"""The condition that questions are answered: read, merged, judged, and typed one a line."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from foundation.exceptions import InvalidInput
from protection.asked.questions import Question
from protection.conditions import Facts, Judgement, merged
from protection.conditions.questions import Questions, QuestionsField

NOW = datetime(2026, 11, 27, tzinfo=UTC)
RISK = {"id": 7, "name": "Risk"}
DATA = {"question": "Was the data reviewed?", "type": "yes_no", "required": "yes"}
HARM = {"question": "How bad is a wrong answer?", "type": "choice", "choices": ["low", "high"], "groups": [RISK]}
WHY = {"question": "What changed?", "type": "text"}


def asked(*questions):
    return Questions.parse(list(questions))


def key(question):
    return Question.parse(question).key


def facts(answers=None, answers_of_grace=None):
    grace = Judgement(2, "grace", True, True, NOW, groups=frozenset({7}), answers=answers_of_grace or {})
    return Facts("ada", (grace,), NOW, answers=answers or {})


@pytest.mark.parametrize(
    ("condition", "facts", "says"),
    [
        (asked(DATA), facts({key(DATA): "yes"}), None),
        (asked(DATA), facts(), "To be answered by ada: “Was the data reviewed?”"),
        (
            asked(DATA),
            facts({key(DATA): "no"}),
            "ada answered no, and the rule wants yes: “Was the data reviewed?”",
        ),
        (asked(WHY), facts({key(WHY): "Deeper trees."}), None),
        (asked(HARM), facts({key(HARM): "low"}), "To be answered by the group Risk: “How bad is a wrong answer?”"),
        (asked({**HARM, "required": "low"}), facts(), "To be answered by the group Risk: “How bad is a wrong answer?”"),
    ],
)
def test_what_is_missing_is_named_with_who_has_to_answer(condition, facts, says):
    unmet = condition.unmet(facts)
    assert (unmet and unmet.sentence) == says
    assert unmet is None or unmet.code == "question_unanswered"


@pytest.mark.parametrize(
    ("change", "is_met"),
    [
        ({}, True),
        ({"is_fresh": False}, False),
        ({"groups": frozenset({8})}, False),
        ({"answers": {}}, False),
        ({"answers": {key(HARM): "high"}}, True),
    ],
)
def test_a_reviewers_answer_counts_from_the_group_on_the_present_facts(change, is_met):
    given = {"reviewer_id": 2, "name": "grace", "approves": True, "is_fresh": True, "at": NOW}
    given |= {"groups": frozenset({7}), "answers": {key(HARM): "low"}} | change
    assert (asked(HARM).unmet(Facts("ada", (Judgement(**given),), NOW)) is None) is is_met


def test_a_required_answer_of_a_group_names_who_answered_otherwise():
    unmet = asked({**HARM, "required": "low"}).unmet(facts(answers_of_grace={key(HARM): "high"}))
    assert unmet.sentence == "grace answered high, and the rule wants low: “How bad is a wrong answer?”"


def test_two_rules_together_ask_each_question_once_and_require_what_either_does():
    loose, strict = asked({**DATA, "required": ""}, WHY), asked(DATA)
    for pair in ((loose, strict), (strict, loose)):
        (together,) = [one for one in merged([[each] for each in pair]) if isinstance(one, Questions)]
        assert {(one.text, one.required) for one in together.questions} == {
            ("Was the data reviewed?", "yes"),
            ("What changed?", ""),
        }


def test_two_rules_that_require_different_answers_can_be_met_by_none_of_them():
    together = asked(DATA).stricter(asked({**DATA, "required": "no"}))
    for answer in ("yes", "no"):
        assert together.unmet(facts({key(DATA): answer})) is not None


def test_a_question_that_is_worded_anew_is_another_one():
    assert key(DATA) == key({**DATA, "required": ""}) == key({**DATA, "groups": [RISK]})
    assert len({key(DATA), key(WHY), key({**DATA, "question": "Was the data reviewed twice?"})}) == 3
    assert key(HARM) != key({**HARM, "choices": ["low", "middling", "high"]})


def test_what_is_read_is_written_again():
    condition = asked(DATA, HARM, WHY)
    assert Questions.parse(condition.as_json()) == condition
    assert Question.parse({"question": "Done?", "required": True}).required == "yes"  # as YAML reads a bare yes


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "leave it out"),
        ("Done?", "leave it out"),
        ({"question": "Done?"}, "leave it out"),
        (["Done?"], "question, type, choices"),
        ([{"type": "text"}], "question, type, choices"),
        ([{"question": "Done?", "kind": "text"}], "question, type, choices"),
        ([{"question": ""}], "1 to 300 printable"),
        ([{"question": "x" * 301}], "1 to 300 printable"),
        ([{"question": "a\nb"}], "1 to 300 printable"),
        ([{"question": 7}], "1 to 300 printable"),
        ([{"question": "Done?", "type": "maybe"}], "'maybe' is no type"),
        ([{"question": "Done?", "type": ["text"]}], "is no type"),
        ([{"question": "Done?", "choices": ["a", "b"]}], "belong to the type choice"),
        ([{"question": "Done?", "type": "choice"}], "2 to 20 choices"),
        ([{"question": "Done?", "type": "choice", "choices": ["a", "A"]}], "2 to 20 choices"),
        ([{"question": "Done?", "type": "choice", "choices": ["a", ""]}], "A choice is a text"),
        ([{"question": "Done?", "type": "choice", "choices": "ab"}], "list of texts"),
        ([{"question": "Done?", "type": "choice", "choices": [str(n) for n in range(21)]}], "2 to 20 choices"),
        ([{"question": "Done?", "required": "maybe"}], "Answer yes or no"),
        ([{"question": "Done?", "type": "text", "required": "x"}], "no answer can be required"),
        ([{"question": "Done?", "groups": ["Risk"]}], "named: a list of texts"),
        ([DATA, {**DATA, "required": ""}], "asked twice"),
        ([{"question": f"Is it {n}?"} for n in range(21)], "at most 20"),
    ],
)
def test_what_a_question_cannot_be_is_said(value, says):
    with pytest.raises(InvalidInput, match=says) as wrong:
        Questions.parse(value)
    assert wrong.value.field == "questions"


@pytest.mark.parametrize(
    ("question", "answer", "kept"),
    [(DATA, "YES", "yes"), (DATA, True, "yes"), (HARM, " High ", "high"), (WHY, " Trees. ", "Trees.")],
)
def test_an_answer_is_kept_as_it_is_offered(question, answer, kept):
    assert Question.parse(question).checked(answer) == kept


@pytest.mark.parametrize(
    ("question", "answer"),
    [(DATA, "perhaps"), (DATA, ""), (DATA, 7), (HARM, "yes"), (WHY, " "), (WHY, "x" * 2_001), (WHY, "a\x00")],
)
def test_what_is_no_answer_is_refused_with_the_question(question, answer):
    with pytest.raises(InvalidInput, match="Answer"):
        Question.parse(question).checked(answer)


@pytest.mark.parametrize(
    "line",
    [
        "yes/no: Was the data reviewed? = yes",
        "text: What changed?",
        "choice (low, high) of Risk, Legal: How bad is a wrong answer? = low",
        "yes/no of Risk: Is 1 = 1 asked here?",
    ],
)
def test_a_line_of_the_form_says_what_the_document_says(line):
    field = QuestionsField(required=False)
    assert field.prepare_value(field.clean(line)) == line


@pytest.mark.parametrize("line", ["Was the data reviewed?", "maybe: Done?", "text:", "yes/no of : Done?"])
def test_a_line_that_is_no_question_is_named(line):
    with pytest.raises(ValidationError, match="is no question"):
        QuestionsField(required=False).clean(line)
