"""Which tests run when: of a table of cases some, on a second database and while one writes fewer, the rest as drills.

See `testing/fixtures/needs.py`.
"""

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow
CASES = """
import pytest
TABLE = pytest.mark.parametrize("number", range(20))
FEW = pytest.mark.parametrize("number", range(3))

@TABLE
@pytest.mark.django_db
def test_table(number): pass

@TABLE
@pytest.mark.django_db
@pytest.mark.whole
def test_whole(number): pass

@FEW
@pytest.mark.django_db
@pytest.mark.every_database
def test_question(number): pass

@pytest.mark.django_db
def test_one(): pass

@pytest.mark.django_db
def test_another(): pass

@TABLE
def test_without_a_database(number): pass

@pytest.mark.sampled(every=9)
@TABLE
@pytest.mark.mlflow
def test_sampled(number): pass
"""
COMMITS = """
import pytest

@pytest.mark.parametrize("number", range(5))
@pytest.mark.django_db(transaction=True)
def test_commits(number): pass
"""
EIGHT = [0, 2, 5, 7, 10, 12, 15, 17]
ALL = list(range(20))
MARKERS = (
    "alike", "database", "drill", "every_database", "mlflow", "one_database", "postgresql", "sampled(every)", "whole",
)  # fmt: skip


def chosen(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, expression: str) -> dict[str, list[int]]:
    """Returns {test: its cases} of what is run with these markers; of what is no table the one case is 0."""
    monkeypatch.setenv("PYTHONPATH", str(settings.BASE_DIR))
    pytester.makeini("[pytest]\nmarkers =\n" + "".join(f"    {name}: as here\n" for name in MARKERS))
    pytester.makepyfile(test_cases=CASES, test_commits=COMMITS)
    options = ("-p", "testing.fixtures.needs", "--collect-only", "-q", "-m", expression)
    found: dict[str, list[int]] = {}
    for line in pytester.runpytest_subprocess(*options).outlines:
        if "::" in line:
            name, _, case = line.partition("::")[2].partition("[")
            found.setdefault(name, []).append(int(case.rstrip("]") or 0))
    return found


def test_eight_of_a_table_are_run_from_its_first_to_its_last_and_the_rest_are_drills(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(pytester, monkeypatch, "not drill") == {
        "test_table": EIGHT,
        "test_whole": ALL,
        "test_question": [0, 1, 2],
        "test_one": [0],
        "test_another": [0],
        "test_without_a_database": ALL,
        "test_sampled": [0, 9, 18],
        "test_commits": [0, 1, 2, 3, 4],
    }
    assert chosen(pytester, monkeypatch, "drill") == {
        "test_table": [case for case in ALL if case not in EIGHT],
        "test_sampled": [case for case in ALL if case % 9],
    }


def test_two_of_a_table_speak_for_it_while_one_writes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(pytester, monkeypatch, "not (drill or alike or mlflow)") == {
        "test_table": [0, 2],
        "test_whole": [0, 1],
        "test_question": [0, 1],
        "test_one": [0],
        "test_another": [0],
        "test_without_a_database": ALL,
        "test_commits": [0, 1],
    }


def test_every_other_test_runs_on_a_second_database_unless_the_database_is_what_it_is_about(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(pytester, monkeypatch, "database and not (drill or one_database)") == {
        "test_table": [0],
        "test_question": [0, 1, 2],
        "test_one": [0],
        "test_commits": [0, 1, 2, 3, 4],
    }
