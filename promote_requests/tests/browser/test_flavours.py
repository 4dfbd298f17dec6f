"""The comparison of models of four flavours, and of versions that came about in other ways, beside MLflow's client.

Nothing here knows what was logged: each page has to say what MLflow's own client says of the two versions.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Hashable, Mapping
from typing import TypeVar
from urllib.parse import urlencode

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from testing.browser.as_mlflow_says import MlflowSays, Said, figure
from testing.browser.checkpoint_pages import Tables
from testing.browser.mlflow_pages import LoggedModelPage, RunPage
from testing.browser.people import CallAs, SignIn
from testing.waiting import LONG

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

_TRAINING = str(settings.BASE_DIR / "testing/browser/flavours.py")
"""Run and not imported: MLflow keeps much in the process that trains."""
SKLEARN, SKLEARN_NEXT, BOOSTED, CODE, WITHOUT_RUN, NOTHING, NOWHERE, DELETED_RUN = map(str, range(1, 9))
GROUPS = ("metrics", "datasets", "parameters", "tags", "descriptions", "lineage", "signature", "environment", "files")
Key = TypeVar("Key", bound=Hashable)
COPY, COPY_WITHOUT_RUN, COPY_OF_COPY = "1", "2", "3"


@pytest.fixture(scope="module")
def flavours(mlflow_server: str) -> str:
    """Gives the name of a registered model with a version for each flavour and each way to come about."""
    model = f"flavours-{uuid.uuid4().hex[:6]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "COVERAGE"))}
    subprocess.run(
        [sys.executable, _TRAINING, mlflow_server, model],
        env=environment | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        check=True,
        timeout=3 * LONG,
    )
    return model


@pytest.fixture(scope="module")
def mlflow_says(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> MlflowSays:
    """Gives what MLflow's own client says of versions."""
    return MlflowSays(mlflow_server, tmp_path_factory.mktemp("files"))


SIDES = [
    pytest.param((SKLEARN_NEXT, ""), (SKLEARN, ""), id="scikit-learn with scikit-learn"),
    pytest.param((BOOSTED, ""), (SKLEARN_NEXT, ""), id="XGBoost with scikit-learn"),
    pytest.param((CODE, ""), (BOOSTED, ""), id="code with XGBoost"),
    pytest.param((WITHOUT_RUN, ""), (SKLEARN, ""), id="a logged model without a run"),
    pytest.param((NOTHING, ""), (CODE, ""), id="nothing at all"),
    pytest.param((SKLEARN, ""), (NOTHING, ""), id="instead of nothing at all"),
    pytest.param((DELETED_RUN, ""), (SKLEARN, ""), id="a deleted run"),
    pytest.param((COPY, "-prod"), (SKLEARN_NEXT, ""), id="a copy"),
    pytest.param((COPY_WITHOUT_RUN, "-prod"), (COPY, "-prod"), id="a copy of what has no run"),
    pytest.param((COPY_OF_COPY, "-prod"), (WITHOUT_RUN, ""), id="a copy of a copy"),
]


@pytest.mark.parametrize(("new", "old"), SIDES)
def test_two_versions_are_compared_by_what_mlflows_client_says_of_them(
    sign_in: SignIn, flavours: str, mlflow_says: MlflowSays, new: tuple[str, str], old: tuple[str, str]
) -> None:
    challenger, champion = ((f"{flavours}{suffix}", version) for version, suffix in (new, old))
    page = sign_in("ada")
    open_comparison(page, challenger, champion)
    assert_shown(Tables(page), mlflow_says.of(*champion), mlflow_says.of(*challenger))


@pytest.mark.parametrize(
    ("copy", "original"), [(COPY, SKLEARN), (COPY_WITHOUT_RUN, WITHOUT_RUN), (COPY_OF_COPY, SKLEARN)]
)
def test_nothing_differs_between_a_copy_and_what_it_was_made_of(
    sign_in: SignIn, flavours: str, copy: str, original: str
) -> None:
    page = sign_in("ada")
    open_comparison(page, (f"{flavours}-prod", copy), (flavours, original))
    tables = Tables(page)
    expect(tables.panel).to_contain_text("Nothing differs")
    expect(tables.doubts).to_have_count(0)
    for group in GROUPS:
        assert {row.sign for row in tables.rows(group).values()} <= {"equal"}, group


def test_of_files_that_nobody_can_read_nothing_is_claimed(
    sign_in: SignIn, flavours: str, mlflow_says: MlflowSays
) -> None:
    page = sign_in("ada")
    for sides in (((flavours, NOWHERE), (flavours, SKLEARN)), ((flavours, SKLEARN), (flavours, NOWHERE))):
        open_comparison(page, *sides)
        tables = Tables(page)
        expect(tables.strip).to_contain_text("signature unknown")
        expect(tables.panel).to_contain_text("MLflow does not list what lies at s3://nowhere/at/all.")
        for group in ("signature", "environment", "files"):
            rows = tables.rows(group).values()
            assert {(row.sign, row.values.count("not read")) for row in rows} == {("", 1)}, group
        expect(tables.panel).not_to_contain_text("of the same size")
        expect(tables.panel).not_to_contain_text("has no signature")


def test_a_reviewer_reads_the_same_on_the_requests_page_in_the_admin_and_in_mlflow(
    sign_in: SignIn, flavours: str, mlflow_says: MlflowSays, live_checkpoint: str, call_as: CallAs
) -> None:
    mlflow_says.client.set_registered_model_alias(flavours, "champion", SKLEARN)
    asked = {"model_name": flavours, "version": DELETED_RUN, "target": {"kind": "alias", "name": "champion"}}
    number = call_as("ada")("", {**asked, "title": "The deleted run"})["number"]
    champion, challenger = (mlflow_says.of(flavours, version) for version in (SKLEARN, DELETED_RUN))
    pages = {
        "grace": f"/checkpoint/promote-requests/{number}/",
        "admin": f"/checkpoint/admin/promote_requests/promoterequest/{number}/change/",
    }
    strips = []
    for person, address in pages.items():
        page = sign_in(person)
        page.goto(address)
        tables = Tables(page)
        assert_shown(tables, champion, challenger)
        expect(tables.doubts.filter(has_text="The challenger's run is deleted in MLflow.")).to_have_count(1)
        strips.append(tables.strip.inner_text().split("\n"))
    assert strips[0] == strips[1]
    worse = sum(
        challenger.metrics[name] != value for name, value in champion.metrics.items() if name in challenger.metrics
    )
    assert worse == 1
    assert "1 metric worse" in strips[0]

    page = sign_in("grace")
    for version, said in ((SKLEARN, champion), (DELETED_RUN, challenger)):
        _, run, logged = mlflow_says.origin(flavours, version)
        assert run is not None
        assert logged is not None
        assert RunPage(page, live_checkpoint).metrics(run.info.experiment_id, run.info.run_id) == said.metrics
        on_model_page = LoggedModelPage(page, live_checkpoint).metrics(logged.experiment_id, logged.model_id)
        assert {name for name, _ in on_model_page} == set(said.metrics)


def test_every_file_leads_to_what_mlflows_client_downloads(
    sign_in: SignIn, flavours: str, mlflow_says: MlflowSays
) -> None:
    page = sign_in("ada")
    said = mlflow_says.of(flavours, CODE)
    assert {"artifacts/words é.txt", "code/flavours_words.py", "chosen.py"} <= set(said.files)
    open_comparison(page, (flavours, CODE), (flavours, NOTHING))
    addresses = {
        link.text_content(): link.get_attribute("href") for link in Tables(page).panel.locator("#files th a").all()
    }
    assert set(addresses) == set(said.files)
    for path, address in addresses.items():
        assert path is not None
        page.goto(address or "")
        lines = page.locator(".diff-added > span:last-child").all_text_contents()
        assert lines == (said.folder / path).read_text(encoding="utf-8").splitlines(), path


def test_prompts_are_compared_by_what_mlflows_client_says_of_them(
    sign_in: SignIn, flavours: str, mlflow_says: MlflowSays
) -> None:
    page, name = sign_in("ada"), f"{flavours}-prompt"
    first, second = (mlflow_says.client.get_prompt_version(name, version) for version in ("1", "2"))
    open_comparison(page, (name, "2"), (name, "1"))
    tables = Tables(page)
    diff = tables.panel.get_by_role("group", name="Difference of the text")
    for kind, prompt in (("removed", first), ("added", second)):
        (line,) = diff.locator(f".diff-{kind} > span:last-child").all_text_contents()
        assert line.strip() == prompt.template
    lost, added = sorted(first.variables - second.variables), sorted(second.variables - first.variables)
    assert tables.panel.locator("p code").all_text_contents() == [*lost, *added]
    assert tables.strip.inner_text().split("\n") == ["1 variable lost", "1 variable added", "text changed"]
    settings_shown = {key: row.values for key, row in tables.rows("settings").items()}
    assert json.loads(str(settings_shown["model_config"][1])) == second.model_config
    assert json.loads(str(settings_shown["response_format"][1])) == second.response_format
    descriptions = tables.rows("descriptions")["version's description"].values
    assert descriptions == [first.commit_message, second.commit_message]

    open_comparison(page, (name, "4"), (name, "3"))
    third, fourth = (mlflow_says.client.get_prompt_version(name, version) for version in ("3", "4"))
    for number, (before, now) in enumerate(zip(third.template, fourth.template, strict=True), start=1):
        message = tables.panel.get_by_role("region", name=f"Message {number}")
        expect(message.get_by_role("heading")).to_contain_text(now["role"])
        if before == now:
            assert message.locator("pre").all_text_contents() == [now["content"]]
        else:
            shown = [message.locator(f".diff-{kind} > span:last-child").text_content() for kind in ("removed", "added")]
            assert [str(text).strip() for text in shown] == [before["content"], now["content"]]
    assert {key: row.values for key, row in tables.rows("tags").items()} == {
        "team": [third.tags["team"], fourth.tags["team"]]
    }


def open_comparison(page: Page, challenger: tuple[str, str], champion: tuple[str, str]) -> None:
    """Opens the page that compares any two versions."""
    (name, version), (with_name, with_version) = challenger, champion
    asked = {"model": name, "version": version, "with_model": with_name, "with": with_version}
    page.goto(f"/checkpoint/compare/?{urlencode(asked)}")


OWN_RECORD = {"registered by", "run created by", "logged model created by"}
"""Rows of the lineage of which MLflow says nothing: Checkpoint's own record (`test_who_made_it_live`)."""


def assert_shown(tables: Tables, champion: Said, challenger: Said) -> None:
    """Fails unless the comparison has all that MLflow says of both versions, and nothing else."""
    metrics = {
        name: [value and figure(float(value)) for value in row.values] for name, row in tables.rows("metrics").items()
    }
    assert metrics == merged(champion.metrics, challenger.metrics)
    for group in ("parameters", "datasets", "lineage", "tags", "run_tags", "system_tags", "environment"):
        found = {name: row.values for name, row in tables.rows(group).items() if name not in OWN_RECORD}
        assert found == merged(getattr(champion, group), getattr(challenger, group)), group
    signature = {(row.aside[0], name): row.values for name, row in tables.rows("signature").items()}
    assert signature == merged(champion.signature, challenger.signature)
    files = {name: [value and in_bytes(value) for value in row.values] for name, row in tables.rows("files").items()}
    assert files == merged(champion.files, challenger.files)


def merged(champion: Mapping[Key, object], challenger: Mapping[Key, object]) -> dict[Key, list[object]]:
    """Returns {key: both sides}, None where a side lacks it."""
    return {key: [champion.get(key), challenger.get(key)] for key in {**champion, **challenger}}


def in_bytes(size: str) -> int:
    """Returns a size that is shown in bytes."""
    number, unit = size.replace(",", "").split("\xa0")
    assert unit in ("byte", "bytes")
    return int(number)
