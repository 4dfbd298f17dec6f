"""What a page shows of two versions side by side: the comparison, their pictures, and where MLflow shows them."""

from datetime import datetime

from django.utils import timezone

from evidence.compare import Comparison, compare_evidence
from evidence.copies.finding import CopiedPictures, pictures_of
from evidence.observe import Evidence
from evidence.verdict import NO_COUNTS, Counts
from promote_requests import links
from promote_requests.models import PromoteRequest
from promote_requests.pages.shown.looking import Seen
from promote_requests.services.reading import FROZEN, decided_at
from registry import screens
from registry.types import Family, VersionFacts


def comparison_of(evidence: Evidence | None, counts: Counts = NO_COUNTS) -> Comparison | None:
    """Returns the comparison that a page shows of evidence, with what came of gates and checks in its verdict."""
    return None if evidence is None else compare_evidence(evidence).with_counts(counts)


def links_of(facts: VersionFacts | None, workspace: str) -> list[tuple[str, str]]:
    """Returns (what, address) of a version's screens in MLflow; none of no version."""
    if facts is None:
        return []
    version, is_prompt = facts.version, facts.is_prompt
    if version.family is not Family.MODEL:
        name = "Skill" if version.family is Family.SKILL else "MCP server"
        return [(name, screens.mlflow_model(version.name, workspace=workspace))]
    found = [
        (
            "Prompt" if is_prompt else "Version",
            screens.mlflow_version(version.name, version.version, is_prompt=is_prompt, workspace=workspace),
        )
    ]
    run_id = facts.made_by or version.run_id
    if run_id and facts.experiment_id:
        found.append(("Run", screens.mlflow_run(facts.experiment_id, run_id, workspace=workspace)))
    if version.model_id and facts.experiment_id:
        found.append(
            ("Logged model", screens.mlflow_logged_model(facts.experiment_id, version.model_id, workspace=workspace))
        )
    if not is_prompt:
        found.append(("Model", screens.mlflow_model(version.name, workspace=workspace)))
    return found


def pictures_of_the_past(promote_request: PromoteRequest, seen: Seen) -> CopiedPictures:
    """Returns the copies of the pictures, where the page shows what was kept because MLflow may have something else."""
    is_past = promote_request.status in FROZEN or seen.failure is not None
    if seen.evidence is None or not is_past:
        return CopiedPictures()
    return pictures_judged(promote_request, seen.evidence, seen.as_of or _decided_at(promote_request))


def pictures_judged(promote_request: PromoteRequest, evidence: Evidence, moment: datetime) -> CopiedPictures:
    """Returns the copies of the pictures that belong to evidence which was observed at this moment."""
    return pictures_of(
        evidence,
        workspace=promote_request.workspace,
        moment=moment,
        since=promote_request.opened_at,
        until=_decided_at(promote_request),
    )


def _decided_at(promote_request: PromoteRequest) -> datetime:
    return promote_request.promoted_at or decided_at(promote_request) or timezone.now()


def present_path(promote_request: PromoteRequest, evidence: Evidence | None) -> str:
    """Returns the address of the same comparison as MLflow has it now; "" where there is nothing to compare with."""
    if evidence is None or evidence.champion is None or evidence.champion.version == evidence.challenger.version:
        return ""
    new, old = evidence.challenger.version, evidence.champion.version
    return links.comparison_path((new.name, new.version), (old.name, old.version), promote_request.workspace)
