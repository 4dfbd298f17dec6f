"""Where versions come from: links only where what a client wrote is an address of a code host."""

import pytest

from evidence.compare import compare
from evidence.lineage import commit_address
from evidence.rows import Group, Kind, TextRow
from registry.makers import Deed, Maker
from registry.types import ModelVersion, VersionFacts

SHA = "1f3a" * 10


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/team/fraud.git", f"https://github.com/team/fraud/commit/{SHA}"),
        ("https://gitlab.example:8443/a/b/c/", f"https://gitlab.example:8443/a/b/c/commit/{SHA}"),
        ("git@github.com:team/fraud.git", f"https://github.com/team/fraud/commit/{SHA}"),
        ("ssh://git@host.example/team/fraud", f"https://host.example/team/fraud/commit/{SHA}"),
        ("javascript:alert(1)//x", ""),
        ("https://user:secret@host/team/fraud", ""),
        ("https://host", ""),
        ("https://[::1", ""),
        ("file:///etc/passwd", ""),
        ("", ""),
    ],
)
def test_a_commit_leads_to_its_page_or_nowhere(repository: str, address: str) -> None:
    assert commit_address({"commit": SHA, "repository": repository}) == address


@pytest.mark.parametrize("commit", ["", "main", "../x", "1f3a/../..", SHA.upper(), "javascript:1"])
def test_what_is_no_commit_is_no_link(commit: str) -> None:
    assert commit_address({"commit": commit, "repository": "https://github.com/team/fraud"}) == ""


def test_both_origins_stand_side_by_side() -> None:
    new = VersionFacts(ModelVersion("Fraud", "2"), origin={"commit": SHA, "source": "train.py", "other": "x"})
    old = VersionFacts(ModelVersion("Fraud", "1"), origin={"source": "train.py", "user": "ada"})
    rows = compare(new, old).lineage.rows
    assert [(row.key, row.kind) for row in rows] == [
        ("Git commit", Kind.ADDED),
        ("run by, as the client says", Kind.REMOVED),
        ("source", Kind.EQUAL),
    ]


@pytest.mark.parametrize(
    ("group", "rows", "said"),
    [
        ("lineage", 1, "1 equal fact about the origin"),
        ("lineage", 3, "3 equal facts about the origin"),
        ("parameters", 1, "1 equal parameter"),
        ("parameters", 2, "2 equal parameters"),
    ],
)
def test_what_is_folded_is_counted_in_words(group: str, rows: int, said: str) -> None:
    assert Group(group, (TextRow("key", Kind.EQUAL, None, None),) * rows).others_counted == said


def test_who_made_both_versions_stands_side_by_side_and_unknown_is_said() -> None:
    known = (Maker(Deed.REGISTERED, 7, "ada"), Maker(Deed.CREATED_RUN, 8, "grace"), Maker(Deed.CREATED_RUN))
    new = VersionFacts(ModelVersion("Fraud", "2"), makers=known)
    old = VersionFacts(ModelVersion("Fraud", "1"), makers=(Maker(Deed.REGISTERED), Maker(Deed.CREATED_LOGGED_MODEL)))
    rows = {
        row.key: (row.champion and row.champion.text, row.challenger and row.challenger.text)
        for row in compare(new, old).lineage.rows
    }
    assert rows == {
        "registered by": ("unknown", "ada (known to Checkpoint)"),
        "run created by": (None, "grace (known to Checkpoint) and unknown"),
        "logged model created by": ("unknown", None),
    }
