"""Which tests run when: on a second database all but most of a table of cases, of some tables a sample, else drills.

See `testing/fixtures/needs.py`.
"""

import pytest
from django.conf import settings

CASES = """
import pytest
TABLE = pytest.mark.parametrize("number", range(5))

@TABLE
@pytest.mark.django_db
def test_table(number): pass

@TABLE
@pytest.mark.django_db
@pytest.mark.every_database
def test_question(number): pass

@pytest.mark.django_db
def test_one(): pass

@TABLE
def test_without_a_database(number): pass
"""
SAMPLED = """
import pytest

@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("number", range(7))
def test_sampled(number): pass

@pytest.mark.parametrize("number", range(2))
def test_all(number): pass
"""
COMMITS = """
import pytest

@pytest.mark.parametrize("number", range(5))
@pytest.mark.django_db(transaction=True)
def test_commits(number): pass
"""


def test_two_of_a_table_of_cases_speak_for_all_unless_the_database_is_what_it_is_about(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(settings.BASE_DIR))
    names = ("database", "one_database", "every_database", "postgresql")
    pytester.makeini("[pytest]\nmarkers =\n" + "".join(f"    {name}: as here\n" for name in names))
    pytester.makepyfile(test_cases=CASES, test_commits=COMMITS)
    chosen = ("-p", "testing.fixtures.needs", "--collect-only", "-q", "-m", "database and not one_database")
    lines = pytester.runpytest_subprocess(*chosen).outlines
    assert [line for line in lines if "::" in line] == [
        *(f"test_cases.py::test_table[{number}]" for number in range(2)),
        *(f"test_cases.py::test_question[{number}]" for number in range(5)),
        "test_cases.py::test_one",
        *(f"test_commits.py::test_commits[{number}]" for number in range(5)),
    ]


@pytest.mark.parametrize(
    ("chosen", "sampled", "others"), [("not drill", [0, 3, 6], [0, 1]), ("drill", [1, 2, 4, 5], [])]
)
def test_of_a_sampled_table_the_first_of_every_so_many_run_and_the_rest_are_drills(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, chosen: str, sampled: list[int], others: list[int]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(settings.BASE_DIR))
    pytester.makeini("[pytest]\nmarkers =\n    sampled(every): as here\n    drill: as here\n")
    pytester.makepyfile(test_cases=SAMPLED)
    lines = pytester.runpytest_subprocess("-p", "testing.fixtures.needs", "--collect-only", "-q", "-m", chosen).outlines
    assert [line for line in lines if "::" in line] == [
        *(f"test_cases.py::test_sampled[{number}]" for number in sampled),
        *(f"test_cases.py::test_all[{number}]" for number in others),
    ]
