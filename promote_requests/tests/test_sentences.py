from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.sentences import Story
from registry.makers import Deed, Maker
from registry.proposals import Change, Proposal
from registry.targets import Target

if TYPE_CHECKING:
    from accounts.models import User


def _request(author: "User", target: str, **values: Any) -> PromoteRequest:
    place = Target.parse(target)
    given: dict[str, Any] = {"champion_version": "1", "archive_existing_versions": True, **values}
    return PromoteRequest(
        number=1,
        author=author,
        model_name="Fraud",
        version="3",
        target_kind=place.kind,
        target_name=place.name,
        created_at=timezone.now(),
        **given,
    )


@pytest.mark.parametrize(
    ("target", "values", "expected"),
    [
        ("stage:Production", {}, "ada wants Fraud version 3 to become Production, replacing version 1."),
        (
            "stage:Production",
            {"archive_existing_versions": False},
            "ada wants Fraud version 3 to become Production, beside version 1, which stays.",
        ),
        (
            "stage:Production",
            {"champion_version": None},
            "ada wants Fraud version 3 to become Production, which no version is now.",
        ),
        ("stage:Archived", {"champion_version": None}, "ada wants Fraud version 3 to be archived."),
        ("stage:None", {"champion_version": None}, "ada wants Fraud version 3 to leave its stage."),
        ("alias:champion", {}, "ada wants Fraud version 3 to become champion of Fraud, replacing version 1."),
        (
            "model:prod.fraud",
            {},
            "ada wants Fraud version 3 to be copied into prod.fraud, where it follows version 1.",
        ),
        (
            "model:prod.fraud",
            {"champion_version": None},
            "ada wants Fraud version 3 to be copied into prod.fraud, as its first version.",
        ),
        (
            "alias:champion",
            {"change": Change.REMOVE},
            "ada wants to take the alias champion away from Fraud version 3.",
        ),
        (
            "stage:Production",
            {"status": Status.CLOSED},
            "ada wanted Fraud version 3 to become Production, replacing version 1.",
        ),
        ("stage:Production", {"status": Status.PROMOTED}, "Fraud version 3 became Production, replacing version 1."),
        (
            "stage:Production",
            {"status": Status.PROMOTED, "champion_version": None},
            "Fraud version 3 became Production.",
        ),
        (
            "model:prod.fraud",
            {"status": Status.PROMOTED, "promoted_version": "7"},
            "Fraud version 3 was copied into prod.fraud as version 7.",
        ),
        (
            "alias:champion",
            {"status": Status.PROMOTED, "change": Change.REMOVE},
            "The alias champion was taken away from Fraud version 3.",
        ),
    ],
)
def test_sentence_says_what_is_asked_for_or_what_happened(
    target: str, values: dict[str, Any], expected: str, ada: "User"
) -> None:
    asked = _request(ada, target, **values)
    assert sentences.sentence(Story.of(asked, asked.champion_version)) == expected


@pytest.mark.parametrize(
    ("target", "values", "holders", "expected"),
    [
        ("stage:Production", {}, ["1"], "MLflow moves Fraud version 3 to Production and archives version 1."),
        (
            "stage:Production",
            {},
            ["4", "2", "1"],
            "MLflow moves Fraud version 3 to Production and archives versions 4, 2 and 1.",
        ),
        (
            "stage:Production",
            {"archive_existing_versions": False},
            ["1"],
            "MLflow moves Fraud version 3 to Production. Version 1 stays there too: Production then has 2 versions.",
        ),
        ("stage:Production", {}, ["3"], "MLflow moves Fraud version 3 to Production."),
        ("stage:None", {}, [], "MLflow moves Fraud version 3 out of its stage."),
        (
            "alias:champion",
            {},
            ["1"],
            "MLflow points the alias champion of Fraud at version 3. Version 1 loses it.",
        ),
        ("alias:champion", {}, [], "MLflow points the alias champion of Fraud at version 3."),
        ("model:prod.fraud", {}, ["1"], "MLflow copies Fraud version 3 into prod.fraud as a new version."),
        (
            "alias:champion",
            {"change": Change.REMOVE},
            [],
            "MLflow takes the alias champion away from Fraud version 3. No version has it then.",
        ),
    ],
)
def test_consequence_says_what_a_promotion_does_in_mlflow(
    target: str, values: dict[str, Any], holders: list[str], expected: str, ada: "User"
) -> None:
    assert sentences.consequence(_request(ada, target, **values).proposal, holders) == expected


@pytest.mark.parametrize(
    ("target", "change", "expected"),
    [
        ("stage:Production", Change.SET, "Fraud version 3 to Production"),
        ("stage:None", Change.SET, "Take Fraud version 3 out of its stage"),
        ("model:prod.fraud", Change.SET, "Copy Fraud version 3 into prod.fraud"),
        ("alias:champion", Change.REMOVE, "Take champion away from Fraud version 3"),
    ],
)
def test_suggested_title_names_version_and_place(target: str, change: Change, expected: str) -> None:
    assert sentences.suggested_title(Proposal("Fraud", "3", Target.parse(target), change)) == expected


def test_suggested_title_fits_its_field() -> None:
    title = sentences.suggested_title(Proposal("m" * 256, "3", Target.parse("alias:champion")))
    assert len(title) == 200


@pytest.mark.parametrize(
    ("target", "change", "expected"),
    [
        ("stage:Production", Change.SET, "Production"),
        ("stage:None", Change.SET, "no stage"),
        ("alias:champion", Change.REMOVE, "no longer @champion"),
    ],
)
def test_destination_fits_a_row(target: str, change: Change, expected: str, ada: "User") -> None:
    assert sentences.destination(_request(ada, target, change=change).proposal) == expected


@pytest.mark.parametrize(
    ("makers", "says"),
    [
        ((), ""),
        ((Maker(Deed.REGISTERED, 7, "ada"),), "Registered by ada (known to Checkpoint)"),
        ((Maker(Deed.REGISTERED),), "Registered by unknown"),
        ((Maker(Deed.CREATED_RUN, 7, "ada"),), "Trained by ada (known to Checkpoint)"),
        (
            (
                Maker(Deed.REGISTERED, 7, "ada"),
                Maker(Deed.CREATED_RUN, 7, "ada"),
                Maker(Deed.CREATED_LOGGED_MODEL, 7, "ada"),
            ),
            "Registered and trained by ada (known to Checkpoint)",
        ),
        (
            (Maker(Deed.REGISTERED, 7, "ada"), Maker(Deed.CREATED_RUN)),
            "Registered by ada (known to Checkpoint), trained by unknown",
        ),
    ],
)
def test_who_made_a_version_is_said_in_one_line(makers, says):
    assert sentences.made(makers) == says
