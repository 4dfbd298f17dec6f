"""Gates: what is read and refused, and what comes of each on facts that can be told by eye."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.exceptions import InvalidInput
from protection.conditions import Facts, merged, parse
from protection.gates import GateResult, Subject, parse_gate
from protection.gates.base import NOT_JUDGED
from protection.gates.measures import MetricBound, Op
from registry.measurements import Measurement
from registry.types import Contents, FileEntry, FileTree, ModelVersion, VersionFacts

BEGINNINGS = "a metric's name or one of metric, tag, param, description, artifact, signature, size, age, dataset"
UNKNOWN = "nobody knows whether a higher widgets is better: compare it with a number instead"
UNLISTED = "the version's files could not all be listed. Too many."
NO_DATE = "MLflow does not say when the version was registered"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("metric rmse <= 0.8", "metric rmse <= 0.8"),
        ("rmse<=.80", "metric rmse <= 0.8"),
        ("rmse ≤ 8e-1", "metric rmse <= 0.8"),
        ("loss = -1", "metric loss = -1"),
        ("METRIC auc ON Dataset holdout >= 0.9", "metric auc on dataset holdout >= 0.9"),
        ('metric "val loss" < 1', 'metric "val loss" < 1'),
        ("metric 'it''s' < 1", None),
        (r"metric 'it\'s' < 1", """metric "it's" < 1"""),
        ("metric `a\\b` < 1", r'metric "a\\b" < 1'),
        ("metric `tag` < 1", 'metric "tag" < 1'),
        ("rmse no worse than champion by 2%", "metric rmse no worse than champion by 2%"),
        ("rmse no worse than champion by 2 %", "metric rmse no worse than champion by 2%"),
        ("rmse no worse than champion", "metric rmse no worse than champion"),
        ("auc better than champion by 0.01", "metric auc better than champion by 0.01"),
        ("tag validated = yes", "tag validated = yes"),
        ("tag validated == 'yes please'", 'tag validated = "yes please"'),
        ("tag validated != no", 'tag validated != "no"'),
        ("tag team in (risk, fraud, risk)", "tag team in (risk, fraud)"),
        ("tag owner exists", "tag owner exists"),
        ("param depth in (3)", 'param depth = "3"'),
        ("description required", "description required"),
        ("artifact model_card.md exists", "artifact model_card.md exists"),
        ("artifact reports/*.html exists", "artifact reports/*.html exists"),
        ("signature compatible", "signature compatible"),
        ("size <= 2 gib", "size <= 2 GiB"),
        ("size < 500 MB", "size < 500 MB"),
        ("dataset in (a, b)", "dataset in (a, b)"),
        ("dataset training = a", "dataset training in (a)"),
        ("age <= 30 days", "age <= 30 days"),
        ("age < 1 week", "age < 1 weeks"),
    ],
)
def test_what_is_written_is_stored_in_one_way_that_reads_the_same(written, stored):
    if stored is None:
        with pytest.raises(InvalidInput):
            parse_gate(written)
        return
    assert str(parse_gate(written)) == stored
    assert parse_gate(stored) == parse_gate(written)


@pytest.mark.parametrize(
    ("written", "at", "expected", "found"),
    [
        ("", 1, BEGINNINGS, "the end"),
        ("metric", 7, "the metric's name", "the end"),
        ("metric rmse", 12, "<=, >=, <, >, =, !=, no worse than champion, or better than champion", "the end"),
        ("metric rmse =< 0.8", 14, "a number", "'<'"),
        ("metric rmse <= low", 16, "a number", "'low'"),
        ("metric rmse <= 1e999", 16, "a number that is not that large", "'1e999'"),
        ("metric rmse <= 0.8 or 1", 20, "the end", "'or'"),
        ("metric rmse on holdout >= 1", 16, "the word dataset", "'holdout'"),
        ("rmse no better than champion", 9, "the word worse", "'better'"),
        ("rmse no worse than champion by -1", 32, "a number that is not negative", "'-1'"),
        ("tag validated", 14, "=, !=, in, or exists", "the end"),
        ("tag validated <= 3", 15, "=, !=, in, or exists", "'<='"),
        ("tag team in risk", 13, "'('", "'risk'"),
        ("tag team in (risk", 18, "')'", "the end"),
        ("tag team in ()", 14, "a value", "')'"),
        ("description", 12, "the word required", "the end"),
        ("artifact exists", 16, "the word exists", "the end"),
        ("signature breaking", 11, "the word compatible", "'breaking'"),
        ("size <= 2", 10, "a unit: B, KB, KiB, MB, MiB, GB, GiB, TB, TiB", "the end"),
        ("size <= 2GiB", 9, "a number", "'2GiB'"),
        ("age <= 30 years", 11, "a unit: minutes, hours, days, weeks", "'years'"),
        ("dataset a", 10, "= or in", "the end"),
        ("tag x = 'open", 9, "a closing quote", '"\'"'),
        ("tag x = ''", 9, "a value, which is not empty", '"\'\'"'),
        ("metric a; drop", 9, "a name, a number or a comparison", "';'"),
        ("metric é <= 1", 8, "a name, a number or a comparison", "'é'"),
    ],
)  # fmt: skip
def test_what_is_refused_names_the_place_and_what_was_expected(written, at, expected, found):
    with pytest.raises(InvalidInput) as refused:
        parse_gate(written)
    assert refused.value.message == f"At character {at} of the gate {written!r}: expected {expected}, found {found}."
    assert refused.value.field == "gates"


def test_a_gate_has_an_end():
    with pytest.raises(InvalidInput, match="at most 500 characters"):
        parse_gate(f"metric {'a' * 500} <= 1")
    with pytest.raises(InvalidInput, match="at most 50 values"):
        parse_gate(f"tag a in ({', '.join(map(str, range(51)))})")


def fuzz(number: int) -> float:
    """Reads so many expressions made of the grammar's own pieces; returns the seconds that the slowest took."""
    pieces = [
        "metric",
        "tag",
        "param",
        "dataset",
        "in",
        "on",
        "by",
        "no",
        "worse",
        "than",
        "champion",
        "better",
        "exists",
        "=",
        "!=",
        "<=",
        "<",
        "(",
        ")",
        ",",
        "%",
        "0.8",
        "-1",
        "1e5",
        "a",
        "b",
    ]
    pieces += [
        "'a b'",
        '"',
        "`",
        "\\",
        "é",
        "\x00",
        "\n",
        "size",
        "GiB",
        "age",
        "days",
        "artifact",
        "*",
        "signature",
        "compatible",
    ]
    chance, slowest = random.Random(7), 0.0
    for _ in range(number):
        text = chance.choice(["", " "]).join(chance.choice(pieces) for _ in range(chance.randrange(40)))
        began = time.perf_counter()
        try:
            gate = parse_gate(text)
        except InvalidInput as wrong:
            assert wrong.field == "gates"  # noqa: PT017 - most are refused
        else:
            assert parse_gate(str(gate)) == gate
        slowest = max(slowest, time.perf_counter() - began)
    return slowest


def test_no_expression_crashes_the_reader():
    assert fuzz(5_000) < 1


@pytest.mark.drill
def test_none_of_100_000_expressions_crashes_the_reader():
    assert fuzz(100_000) < 1


@given(st.text(max_size=60), st.text(min_size=1, max_size=40), st.floats(allow_nan=False, allow_infinity=False))
def test_any_name_can_be_written_and_any_text_is_read_or_refused(text, name, bound):
    try:
        parse_gate(text)
    except InvalidInput as wrong:
        assert wrong.message  # noqa: PT017
    if "\x00" not in name:
        gate = MetricBound(name, "", Op.AT_MOST, bound)
        assert parse_gate(str(gate)) == gate


SIGNATURE = 'signature:\n  inputs: \'[{"name": "age", "type": "long"%s}]\'\n'


def subject(challenger=None, champion=None, description="") -> Subject:
    made = VersionFacts(
        ModelVersion("Fraud", "3", created_at=NOW - timedelta(days=4)),
        params={"depth": "3"},
        metrics={
            "rmse": Measurement("rmse", 0.91),
            "auc (holdout)": Measurement("auc", 0.9, dataset_name="holdout"),
            "auc (test)": Measurement("auc", 0.7, dataset_name="test"),
            "loss": Measurement("loss", float("nan")),
            "score_of_x": Measurement("score_of_x", 1.0),
            "widgets": Measurement("widgets", 1.0),
        },
        tags={"validated": "yes", "team": "risk"},
        dataset_names={"training": ("patients",), "eval": ("holdout", "test")},
        contents=Contents({"MLmodel": SIGNATURE % ""}),
        tree=FileTree((FileEntry("MLmodel", 300), FileEntry("reports/roc.html", 1_500))),
    )
    old = VersionFacts(
        ModelVersion("Fraud", "2"),
        metrics={
            "rmse": Measurement("rmse", 0.9),
            "auc": Measurement("auc", 0.9, dataset_name="holdout"),
            "loss": Measurement("loss", 0.1),
        },
        contents=Contents({"MLmodel": SIGNATURE % ""}),
    )
    return Subject(replace(made, **(challenger or {})), replace(old, **(champion or {})), description, NOW)


@pytest.mark.parametrize(
    ("gate", "passed", "words"),
    [
        ("rmse <= 0.8", False, "it is 0.91, 0.11 too much"),
        ("rmse <= 1", True, "it is 0.91, 0.09 to spare"),
        ("rmse <= 0.91", True, "it is 0.91"),
        ("rmse < 0.91", False, "it is 0.91"),
        ("rmse >= 1", False, "it is 0.91, 0.09 too little"),
        ("loss <= 1", False, "it is NaN"),
        ("loss != 1", False, "it is NaN"),
        ("mae <= 1", None, "it was not measured"),
        ("auc >= 0.8", None, "it was measured on several data sets (holdout, test): name one with on dataset"),
        ("auc on dataset holdout >= 0.9", True, "it is 0.9"),
        ("auc on dataset train >= 0.9", None, "it was measured on holdout, test only"),
        ('"auc (test)" >= 0.8', False, "it is 0.7, 0.1 too little"),
        ("rmse no worse than champion by 2%", True, "it is 0.91, the champion's is 0.9: 0.01 worse (1.11%)"),
        ("rmse no worse than champion by 1%", False, "it is 0.91, the champion's is 0.9: 0.01 worse (1.11%)"),
        ("rmse no worse than champion by 0.01", True, "it is 0.91, the champion's is 0.9: 0.01 worse (1.11%)"),
        ("rmse better than champion", False, "it is 0.91, the champion's is 0.9: 0.01 worse (1.11%)"),
        ("auc on dataset holdout no worse than champion", True, "it is 0.9, the champion's is 0.9: as good"),
        ("auc on dataset holdout better than champion", False, "it is 0.9, the champion's is 0.9: as good"),
        ("auc on dataset test no worse than champion", None, "of the champion, it was measured on holdout only"),
        ("loss no worse than champion", False, "it is NaN, the champion's is 0.1"),
        ("widgets no worse than champion", None, UNKNOWN),
        ("tag validated = yes", True, "it is yes"),
        ("tag validated != yes", False, "it is yes"),
        ("tag team in (fraud, risk)", True, "it is risk"),
        ("tag team exists", True, "it is risk"),
        ("tag owner exists", False, "the version has no such tag"),
        ("tag owner != ada", False, "the version has no such tag"),
        ("param depth in (4, 5)", False, "it is 3"),
        ("description required", False, "neither the request nor the version has one"),
        ("artifact MLmodel exists", True, "MLmodel is there (300 B)"),
        ("artifact reports/*.html exists", True, "reports/roc.html is there (1.46 KiB)"),
        ("artifact model_card.md exists", False, "the version has no such file"),
        ("signature compatible", True, "it is"),
        ("size <= 2 KB", True, "it is 1.76 KiB in 2 files"),
        ("size <= 1 KiB", False, "it is 1.76 KiB in 2 files"),
        ("dataset training = patients", True, "it used patients"),
        ("dataset in (patients, holdout)", False, "it used test"),
        ("dataset other = a", None, "the run names no data set"),
        ("age <= 3 days", False, "it is 4 days old"),
        ("age <= 1 week", True, "it is 4 days old"),
    ],
)
def test_what_comes_of_a_gate(gate, passed, words):
    assert parse_gate(gate).judge(subject()) == GateResult(passed, words)


@pytest.mark.parametrize(
    ("gate", "challenger", "passed", "words"),
    [
        ("artifact x exists", {"tree": None}, None, "the version's files could not be listed"),
        (
            "artifact x exists",
            {"tree": FileTree((), "Too many.")},
            None,
            UNLISTED,
        ),
        ("size <= 9 TB", {"tree": FileTree((FileEntry("a", 5),), "Too many.")}, None, "it is more than 5 B. Too many."),
        ("size >= 4 B", {"tree": FileTree((FileEntry("a", 5),), "Too many.")}, True, "it is 5 B in 1 files"),
        ("signature compatible", {"contents": None}, None, "the version's files could not be read"),
        ("signature compatible", {"contents": Contents({})}, None, "one side has no signature that can be read"),
        (
            "age <= 1 days",
            {"version": ModelVersion("Fraud", "3")},
            None,
            NO_DATE,
        ),
        ("dataset in (a)", {"dataset_names": {"": ("a, b",)}}, False, "it used a, b"),
    ],
)
def test_what_cannot_be_measured_is_not_passed(gate, challenger, passed, words):
    assert parse_gate(gate).judge(subject(challenger)) == GateResult(passed, words)


def test_a_signature_that_asks_for_more_breaks():
    more = SIGNATURE % '}, {"name": "income", "type": "double"'
    found = parse_gate("signature compatible").judge(subject({"contents": Contents({"MLmodel": more})}))
    assert found == GateResult(False, "it breaks callers: income")


def test_without_a_champion_there_is_nothing_to_be_worse_than():
    alone = replace(subject(), champion=None)
    assert parse_gate("rmse no worse than champion").judge(alone).passed
    assert parse_gate("signature compatible").judge(alone).passed


def test_values_of_other_data_are_not_compared_with_the_champions():
    def measured_on(value: float, data: str) -> dict[str, dict[str, Measurement]]:
        return {"metrics": {"auc": Measurement("auc", value, dataset_name=data)}}

    gate = parse_gate("auc no worse than champion")
    champion = measured_on(0.9, "holdout")
    found = gate.judge(subject(measured_on(0.99, "easy"), champion))
    assert (found.passed, found.words) == (
        None, "it was measured on easy, the champion's on holdout: these do not compare",
    )  # fmt: skip
    assert gate.judge(subject(measured_on(0.99, "holdout"), champion)).passed
    assert gate.judge(subject(measured_on(0.99, ""), champion)).passed  # what is not known is no difference


def test_the_gates_of_two_rules_all_apply_once():
    found = merged(
        [parse({"gates": ["rmse <= 1", "tag a exists"]}), parse({"gates": ["metric rmse <= 1", "auc >= 0.9"]})]
    )
    (gates,) = [condition for condition in found if condition.key == "gates"]
    assert gates.as_json() == ["metric rmse <= 1", "tag a exists", "metric auc >= 0.9"]


def test_a_gate_that_nobody_judged_yet_is_not_passed():
    (condition,) = parse({"gates": ["rmse <= 1", "tag a exists"]})
    facts = Facts("ada", (), NOW, gates={"metric rmse <= 1": GateResult(False, "it is 2, 1 too much")})
    unmet = condition.unmet(facts)
    assert unmet is not None
    assert unmet.code == "gate_not_passed"
    assert unmet.sentence == (
        "The gate metric rmse <= 1 is not passed: it is 2, 1 too much. "
        f"The gate tag a exists is not passed: {NOT_JUDGED.words}."
    )
    passed = {gate: GateResult(True, "") for gate in condition.as_json()}
    assert condition.unmet(replace(facts, gates=passed)) is None


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ([], "There is no gate"),
        ("", "There is no gate"),
        (3, "a list of texts"),
        ([1], "a list of texts"),
        (["rmse <= 1"] * 31, "at most 30 gates"),
        (["rmse <"], "At character 7"),
    ],
)
def test_gates_that_cannot_be_are_refused(settings, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        parse({"gates": settings})
    assert refused.value.field == "gates"


@pytest.mark.parametrize("stored", [None, {}, {"passed": "yes", "words": 3}, [1]])
def test_a_stored_result_that_cannot_be_read_is_not_passed(stored):
    assert not GateResult.of_json(stored).passed
