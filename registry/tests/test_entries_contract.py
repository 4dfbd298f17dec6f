"""Skills and MCP servers in one suite: what `RegistryClient` promises of them, for the fake and for a real MLflow.

MLflow has MCP servers since 3.17 and skills since 3.18: with an older one installed, skills are tried on the fake only.
"""

import io
import json
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import pytest
import urllib3

from registry.client import RegistryClient
from registry.exceptions import RegistryError, RegistryNotFound, RegistryRefused
from registry.fake import FakeRegistry
from registry.targets import Target
from registry.types import APPROVAL_TAG, Family, ModelVersion

HAS_SKILLS = not metadata.version("mlflow").startswith("3.17.")
CHAMPION, ACTIVE = Target.parse("alias:champion"), Target.parse("status:active")


@dataclass
class Fake:
    """The fake, as an MLflow that has both registries."""

    family: Family
    client: FakeRegistry = field(default_factory=FakeRegistry)

    def __post_init__(self) -> None:
        self.client.version = "3.18.0"

    def add_version(self, name: str, text: str, *, status: str = "active") -> ModelVersion:
        settings = {"source type": "mlflow", "digest": str(hash(text))} if self.family is Family.SKILL else {}
        return self.client.add_version(name, prompt_text=text, status=status, settings=settings)


@dataclass
class Real:
    """A real MLflow, filled by calls such as its own client makes."""

    family: Family
    client: RegistryClient
    url: str

    def add_version(self, name: str, text: str, *, status: str = "active") -> ModelVersion:
        bare = name.partition(":")[2]
        if self.family is Family.SKILL:
            archive = io.BytesIO()
            with tarfile.open(fileobj=archive, mode="w:gz") as tar:
                entry = tarfile.TarInfo("SKILL.md")
                entry.size = len(text.encode())
                tar.addfile(entry, io.BytesIO(text.encode()))
            parts = {
                "metadata": ("metadata.json", json.dumps({"status": status}), "application/json"),
                "content": ("content.tar.gz", archive.getvalue(), "application/gzip"),
            }
            made = self._call("POST", f"skills/{bare}/versions", fields=parts)
            return self.client.get_version(name, str(made["version"]))
        number = len(self.client.list_versions(name)) + 1 if self._is_there(name) else 1
        server = {"name": bare, "version": f"{number}.0.0", "description": text}
        body = {"server_json": server, "status": status, "tools": [{"name": "look"}]}
        made = self._call("POST", f"mcp-servers/{bare}/versions", json=body)
        return self.client.get_version(name, made["version"])

    def _is_there(self, name: str) -> bool:
        try:
            return bool(self.client.get_model(name))
        except RegistryNotFound:
            return False

    def _call(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        answer = urllib3.request(method, f"{self.url}/api/3.0/mlflow/{path}", **content)
        assert answer.status == 200, answer.data
        found: dict[str, Any] = answer.json()
        return found


WORLDS = [
    *(pytest.param(("fake", family), id=f"fake-{family}") for family in (Family.SKILL, Family.SERVER)),
    *(
        pytest.param(("mlflow", family), id=f"mlflow-{family}", marks=pytest.mark.mlflow)
        for family in (Family.SERVER, *([Family.SKILL] if HAS_SKILLS else []))
    ),
]


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[Fake | Real]:
    kind, family = request.param
    if kind == "fake":
        yield Fake(family)
        return
    settings = request.getfixturevalue("settings")
    settings.CHECKPOINT_REGISTRY_URL = url = request.getfixturevalue("mlflow_server")
    from registry.mlflow import connect  # noqa: PLC0415 - loads MLflow

    yield Real(family, connect(), url)


@pytest.fixture
def name(world: Fake | Real) -> str:
    unique = uuid.uuid4().hex[:8]
    return f"skill:@acme/own-{unique}" if world.family is Family.SKILL else f"mcp:com.example/own-{unique}"


def say(version: int) -> str:
    return f"---\nname: own\ndescription: Reads what it is given, {version}.\n---\nRead it.\n"


def skill_text(world: Fake | Real, name: str, version: int) -> str:
    """Returns a text that MLflow takes for a skill of this name."""
    return say(version).replace("name: own", f"name: {name.rpartition('/')[2]}")


def make(world: Fake | Real, name: str, count: int = 2, **options: Any) -> list[str]:
    return [
        world.add_version(name, skill_text(world, name, number), **options).version for number in range(1, count + 1)
    ]


def test_an_entry_is_found_by_its_name_and_listed_beside_the_models(world, name):
    assert name not in {model.name for model in world.client.list_models()}
    make(world, name, 1)
    found = world.client.get_model(name)
    assert (found.name, found.family, found.aliases) == (name, world.family, {})
    assert name in {model.name for model in world.client.list_models()}
    assert [model.name for model in world.client.search_models(name[:-2].upper())] == [name]


def test_versions_come_newest_first_with_what_is_said_of_them(world, name):
    first, second = make(world, name)
    assert [found.version for found in world.client.list_versions(name)] == [second, first]
    found = world.client.get_version(name, first)
    assert (found.name, found.stage, found.status, found.aliases) == (name, "None", "active", ())
    assert found.created_at is not None


def test_what_is_not_there_is_not_found(world, name):
    for look in (
        lambda: world.client.get_model(name),
        lambda: world.client.list_versions(name),
        lambda: world.client.get_version(name, "1"),
        lambda: world.client.get_facts(name, "1.0.0"),
        lambda: world.client.holders(name, CHAMPION),
        lambda: world.client.holders(name, ACTIVE),
        lambda: world.client.set_alias(name, "champion", "1"),
        lambda: world.client.delete_alias(name, "champion"),
    ):
        with pytest.raises(RegistryNotFound):
            look()


@pytest.mark.parametrize(
    "tail", ["", "/", "/..", "/../../registered-models", "?x=1", "%2F", "#a", "/aliases", "\x00", "\ud800", "a" * 500]
)
def test_a_name_that_no_entry_can_have_is_not_found_and_never_sent(world, name, tail):
    make(world, name, 1)
    wrong = f"{name.rpartition('/')[0]}/{tail}" if tail in ("", "/", "/..") else name + tail
    with pytest.raises(RegistryNotFound):
        world.client.get_model(wrong)


@pytest.mark.parametrize("version", ["", "0", "01", "1/../2", "1.0", "latest", "@champion", "9", "9.9.9", "1?x=1"])
def test_a_version_that_there_is_not_is_not_found(world, name, version):
    make(world, name, 1)
    with pytest.raises(RegistryNotFound):
        world.client.get_version(name, version)


def test_an_alias_goes_to_a_version_and_on_to_another(world, name):
    first, second = make(world, name)
    assert world.client.holders(name, CHAMPION) == []
    for version in (first, second, second):
        world.client.set_alias(name, "champion", version)
        assert world.client.holders(name, CHAMPION) == [version]
        assert world.client.noted_holder(name, CHAMPION) in (version, "")
        assert world.client.get_version(name, version).aliases == ("champion",)
        assert world.client.get_model(name).aliases == {"champion": version}
    assert [found.aliases for found in world.client.list_versions(name)] == [("champion",), ()]


def test_taking_an_alias_away_twice_is_as_once(world, name):
    (first,) = make(world, name, 1)
    world.client.set_alias(name, "champion", first)
    for _ in range(2):
        world.client.delete_alias(name, "champion")
        assert world.client.holders(name, CHAMPION) == []


def test_an_alias_of_a_version_that_there_is_not_is_refused(world, name):
    make(world, name, 1)
    with pytest.raises(RegistryNotFound):
        world.client.set_alias(name, "champion", "9.0.0" if world.family is Family.SERVER else "9")


def test_mlflows_own_alias_is_refused(world, name):
    (first,) = make(world, name, 1)
    with pytest.raises(RegistryRefused):
        world.client.set_alias(name, "latest", first)
    assert world.client.holders(name, Target.parse("alias:latest")) == []


def test_a_status_is_changed_once_however_often_it_is_asked_for(world, name):
    first, second = make(world, name, status="draft")
    assert world.client.holders(name, ACTIVE) == []
    for version in (first, second, second):
        world.client.set_status(name, version, "active")
    assert world.client.holders(name, ACTIVE) == [second, first]
    assert world.client.get_version(name, first).status == "active"


def test_a_status_that_mlflow_does_not_allow_is_refused_and_nothing_changes(world, name):
    (first,) = make(world, name, 1, status="draft")
    with pytest.raises(RegistryError):
        world.client.set_status(name, first, "deprecated")
    assert world.client.get_version(name, first).status == "draft"


def test_the_facts_are_what_the_entry_says(world, name):
    first, second = make(world, name)
    one, two = world.client.get_facts(name, first), world.client.get_facts(name, second)
    assert one.prompt_text is not None
    assert "Reads what it is given, 1." in one.prompt_text
    assert one.prompt_text != two.prompt_text
    assert one.version == world.client.get_version(name, first)
    assert (one.unplaced_source, one.gone, one.metrics, one.params) == ("", (), {}, {})
    if world.family is Family.SKILL:
        assert one.prompt_settings["source type"] == "mlflow"
        assert one.prompt_settings["digest"] != two.prompt_settings["digest"]


def test_an_approval_is_written_on_the_version_and_is_no_fact_of_it(world, name):
    (first,) = make(world, name, 1)
    before = world.client.get_facts(name, first).tags
    tags = {APPROVAL_TAG: "https://checkpoint.example.org/checkpoint/promote-requests/1/"}
    for _ in range(2):
        world.client.set_version_tags(name, first, tags)
    assert world.client.get_version(name, first).tags == tags
    assert world.client.get_facts(name, first).tags == before == {}


def test_no_entry_has_a_stage_or_is_copied(world, name):
    (first,) = make(world, name, 1)
    with pytest.raises(RegistryRefused):
        world.client.transition_stage(name, first, "Production", archive_existing_versions=True)
    with pytest.raises(RegistryRefused):
        world.client.copy_version(name, first, "Fraud", tags={})
    assert world.client.holders(name, Target.parse("stage:Production")) == []
    assert world.client.copies(name, first, "Fraud") == []


def test_an_mlflow_without_skills_has_no_such_skill_and_lists_what_it_has():
    registry = FakeRegistry()
    registry.version = "3.18.0"
    registry.add_version("Fraud")
    registry.add_version("skill:own", prompt_text="Read it.")
    registry.version = "3.17.2"
    assert [model.name for model in registry.list_models()] == ["Fraud"]
    with pytest.raises(RegistryNotFound):
        registry.get_model("skill:own")


@pytest.mark.mlflow
@pytest.mark.skipif(HAS_SKILLS, reason="this MLflow has skills")
def test_a_real_mlflow_without_skills_has_no_such_skill(settings, mlflow_server):
    settings.CHECKPOINT_REGISTRY_URL = mlflow_server
    from registry.mlflow import connect  # noqa: PLC0415 - loads MLflow

    registry = connect()
    assert all(model.family is not Family.SKILL for model in registry.list_models())
    for look in (
        lambda: registry.get_model("skill:own"),
        lambda: registry.get_facts("skill:@acme/own", "1"),
        lambda: registry.holders("skill:own", CHAMPION),
    ):
        with pytest.raises(RegistryNotFound):
            look()
    with pytest.raises(RegistryNotFound):
        registry.set_alias("skill:own", "champion", "1")
