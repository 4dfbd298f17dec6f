"""Which tests run on a second database too: each but for most of a table of cases, see `testing/fixtures/needs.py`."""

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
