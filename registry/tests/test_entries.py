"""How entries are read from MLflow's answers, without a server; `test_entries_contract.py` asks a real one."""

import json
from typing import Any

import pytest

from registry.exceptions import RegistryError, RegistryNotFound, RegistryRefused, RegistryUnreachable
from registry.mlflow.entries import LONGEST_TEXT, Entries
from registry.targets import Target
from registry.transport import NoSuchRoute, NotInMlflow
from registry.types import Family, family_of, is_entry_name, is_version_of, name_in_family

SKILL = {"name": "reader", "organization": "acme", "version": 2, "status": "active", "source_type": "git"}


class Answers:
    """A transport that answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: Any, file: tuple[int, bytes] = (404, b""), store: str = "SqlStore") -> None:
        self.answers, self.file, self.asked = list(answers), file, []
        self.store = json.dumps({"store_type": store}).encode()

    def call(self, method: str, path: str, message: Any = None) -> Any:
        self.asked.append((method, path, message))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, path: str, *, limit: int | None = None) -> tuple[int, bytes]:
        self.asked.append(("GET", path, limit))
        return (200, self.store) if path.endswith("/server-info") else self.file


@pytest.mark.parametrize(
    ("source", "digest", "unplaced"),
    [
        ("https://example.org/x.git", None, "https://example.org/x.git"),
        ("https://example.org/x.git", "a" * 64, ""),
        ("mlflow-artifacts:/skills/@acme/reader/1", None, ""),
    ],
)
def test_a_source_without_a_digest_may_change_unless_mlflow_keeps_it(source, digest, unplaced):
    transport = Answers(SKILL | {"source": source, "digest": digest, "ref": "main"})
    facts = Entries(transport).get_facts("skill:@acme/reader", "2")
    assert facts.unplaced_source == unplaced
    assert facts.prompt_settings["ref"] == "main"
    assert facts.prompt_settings.get("digest") == digest


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ((200, b"Read it.\n"), "Read it.\n", None),
        ((200, b"\xff"), "\ufffd", None),
        ((200, b"x" * (LONGEST_TEXT + 1)), None, "is too long to be shown"),
        ((404, b""), None, "could not be read"),
    ],
)
def test_the_text_of_a_skill_is_read_where_mlflow_keeps_it(file, text, said):
    source = {"source": "mlflow-artifacts:/1/a b/artifacts", "subpath": "skills/reader", "source_type": "mlflow"}
    transport = Answers(SKILL | source, file=file)
    facts = Entries(transport).get_facts("skill:@acme/reader", "2")
    assert (facts.prompt_text, facts.prompt_settings.get("SKILL.md")) == (text, said)
    path = "/api/2.0/mlflow-artifacts/artifacts/1/a%20b/artifacts/skills/reader/SKILL.md"
    assert transport.asked[-1] == ("GET", path, LONGEST_TEXT)


def test_a_skill_that_lies_elsewhere_is_never_fetched():
    transport = Answers(SKILL | {"source": "http://169.254.169.254/x.zip", "source_type": "zip"})
    assert Entries(transport).get_facts("skill:@acme/reader", "2").prompt_text is None
    assert [path for _, path, _ in transport.asked] == ["/api/3.0/mlflow/skills/@acme/reader/versions/2"]


def test_all_pages_are_read_and_a_registry_that_is_not_there_has_nothing():
    servers = [{"name": "com.example/one", "tags": {}}, {"name": "com.example/two", "aliases": None}]
    transport = Answers(
        NotInMlflow("404"),
        {"mcp_servers": servers[:1], "next_page_token": "more"},
        {"mcp_servers": servers[1:], "next_page_token": None},
    )
    assert [found.name for found in Entries(transport).all()] == ["mcp:com.example/one", "mcp:com.example/two"]
    assert transport.asked[-1][2]["page_token"] == "more"


@pytest.mark.parametrize(
    ("failure", "version", "says"),
    [
        (NoSuchRoute("a proxy's 404"), b"3.18.0", "does not answer at /api/3.0/mlflow/skills"),
        (NoSuchRoute("a proxy's 404"), b"<html>Not Found</html>", "does not answer at /api/3.0/mlflow/skills"),
        (RegistryRefused("MLflow does not let Checkpoint's own account do this"), b"3.18.0", "own account"),
        (RegistryUnreachable("away"), b"3.17.2", "away"),
    ],
)
def test_a_list_that_could_not_be_asked_for_is_not_taken_for_an_empty_one(failure, version, says):
    with pytest.raises(RegistryError, match=says):
        Entries(Answers(failure, {"mcp_servers": []}, file=(200, version))).all()


def test_an_mlflow_that_is_older_than_a_registry_has_nothing_of_it_whatever_stands_in_front_says():
    transport = Answers(NoSuchRoute("a proxy's 404"), {"mcp_servers": []}, file=(200, b"3.17.2"))
    assert Entries(transport).all() == []


def test_an_mlflow_that_says_that_it_keeps_files_has_no_entries():
    broken = NoSuchRoute("500")
    assert Entries(Answers(broken, broken, file=(200, b"3.18.0"), store="FileStore")).all() == []
    with pytest.raises(RegistryNotFound):
        Entries(Answers(broken, file=(200, b"3.18.0"), store="FileStore")).get_model("skill:reader")
    with pytest.raises(RegistryUnreachable):
        Entries(Answers(broken, broken, file=(200, b"3.18.0"))).all()


def test_a_part_of_a_list_is_not_taken_for_all_of_it():
    page = {"skills": [{"name": "reader"}], "next_page_token": "more"}
    with pytest.raises(RegistryUnreachable):
        Entries(Answers(page, NotInMlflow("404"))).all()
    with pytest.raises(RegistryError, match="cannot be read"):
        Entries(Answers({})).all()


@pytest.mark.parametrize("failure", [NoSuchRoute("a proxy's 404"), NotInMlflow("MLflow's own")])
def test_nobody_is_said_to_hold_an_alias_or_a_status_where_mlflow_could_not_be_asked(failure):
    for ask in (
        lambda entries: entries.holders("skill:reader", Target.parse("alias:champion")),
        lambda entries: entries.holders("skill:reader", Target.parse("status:active")),
        lambda entries: entries.get_version("skill:reader", "1"),
        lambda entries: entries.list_versions("skill:reader"),
        lambda entries: entries.delete_alias("skill:reader", "champion"),
        lambda entries: entries.set_alias("skill:reader", "champion", "1"),
    ):
        for version in (b"3.18.0", b"not MLflow"):
            with pytest.raises(RegistryUnreachable, match="does not answer at"):
                ask(Entries(Answers(failure, file=(200, version))))
        with pytest.raises(RegistryNotFound):
            ask(Entries(Answers(failure, file=(200, b"3.17.2"))))


def test_an_alias_that_could_not_be_taken_away_is_not_said_to_be_gone():
    entry = {"name": "reader", "aliases": [{"alias": "champion", "version": 1}]}
    with pytest.raises(RegistryUnreachable):
        Entries(Answers(entry, NoSuchRoute("404"), file=(200, b"3.18.0"))).delete_alias("skill:reader", "champion")


@pytest.mark.parametrize("answer", [{"version": 2, "status": "active"}, {"name": "reader", "version": 2}])
def test_an_answer_of_another_shape_is_an_error_of_mlflows(answer):
    with pytest.raises(RegistryError, match="cannot be read"):
        Entries(Answers(answer)).get_version("skill:reader", "2")


@pytest.mark.parametrize("answer", [{}, {"name": "reader", "aliases": ["champion"]}, {"name": "reader", "tags": 1}])
def test_an_entry_of_another_shape_is_an_error_of_mlflows(answer):
    with pytest.raises(RegistryError, match="cannot be read"):
        Entries(Answers(answer)).get_model("skill:reader")


def test_another_entry_than_was_asked_for_is_not_taken_for_it():
    # As a database that compares without regard to case finds it.
    with pytest.raises(RegistryNotFound):
        Entries(Answers({"name": "com.example/Own"})).get_model("mcp:com.example/own")
    found = {"name": "com.example/own", "version": "1.0.0-RC", "status": "draft"}
    with pytest.raises(RegistryNotFound):
        Entries(Answers(found)).get_version("mcp:com.example/own", "1.0.0-rc")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("skill:reader", Family.SKILL),
        ("mcp:com.example/own", Family.SERVER),
        ("Fraud", Family.MODEL),
        ("skill", Family.MODEL),
        ("Skill:reader", Family.MODEL),
        ("model:Fraud", Family.MODEL),
        ("a:skill:b", Family.MODEL),
    ],
)
def test_a_name_says_its_family(name, family):
    assert family_of(name) is family
    assert name_in_family(name) == (name if family is Family.MODEL else name.partition(":")[2])


@pytest.mark.parametrize(
    "name",
    ["skill:a", f"skill:@{'o' * 64}/{'a' * 64}", "skill:@a.b-c/x-1", "mcp:a1/b2", "mcp:Com.Example/own_server.x-y"],
)
def test_what_an_entry_can_be_called(name):
    assert is_entry_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Fraud", "skill:", "skill:A", "skill:-a", "skill:a--b", "skill:a_b", "skill:a/b", "skill:@/b", "skill:@a/"),
        *(f"skill:{'a' * 65}", f"skill:@{'o' * 65}/a", "skill:@a_b/c", "skill:a\n", "mcp:", "mcp:a", "mcp:aa/b"),
        *("mcp:aa/bb/cc", "mcp:aa/versions", "mcp:aa/-b", "mcp:aa/..", f"mcp:aa/{'b' * 300}", "mcp:aa/bb\n"),
    ],
)
def test_what_no_entry_can_be_called(name):
    assert not is_entry_name(name)


@pytest.mark.parametrize(
    ("name", "version", "can_be"),
    [
        ("mcp:aa/bb", "1.0.0", True),
        ("mcp:aa/bb", "1.0.0-rc.1+build.5", True),
        ("mcp:aa/bb", "1.0", False),
        ("mcp:aa/bb", "1.0.0/x", False),
        ("mcp:aa/bb", f"1.0.0-{'x' * 64}", False),
        ("skill:a", "3", True),
        ("skill:a", "03", False),
        ("skill:a", "1.0.0", False),
        ("Fraud", "3", True),
    ],
)
def test_what_a_version_can_be_called(name, version, can_be):
    assert is_version_of(name, version) is can_be
