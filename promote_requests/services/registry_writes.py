"""The calls of a promotion to MLflow, and the check whether they are done. All of them may be repeated."""

from datetime import UTC

from django.utils import timezone

from evidence.observe import is_at_target
from foundation.addresses import absolute
from promote_requests import sentences
from promote_requests.models import PromoteRequest
from promote_requests.services.reading import judgements_of
from registry import RegistryClient
from registry.exceptions import RegistryNotFound
from registry.proposals import Change
from registry.targets import TargetKind
from registry.types import is_version_number

REQUEST_TAG = "checkpoint.promote_request"
APPROVED_BY_TAG = "checkpoint.approved_by"
PROMOTED_AT_TAG = "checkpoint.promoted_at"
SIGNATURES_TAG = "checkpoint.signatures"
_LONGEST_TAG = 5_000
FEW_VERSIONS = 1_000
"""Of a model that has no more, tags are written before the promotion is answered."""


def apply(registry: RegistryClient, promote_request: PromoteRequest) -> None:
    """Makes the change that the request asks for.

    Raises:
        RegistryError: MLflow refused, failed, or did not answer in time (in which case it may have done it).
    """
    name, version, target = promote_request.model_name, promote_request.version, promote_request.target
    if promote_request.change == Change.REMOVE:
        registry.delete_alias(name, target.name)
        return
    match target.kind:
        case TargetKind.STAGE:
            registry.transition_stage(
                name, version, target.name, archive_existing_versions=promote_request.archive_existing_versions
            )
        case TargetKind.ALIAS:
            registry.set_alias(name, target.name, version)
        case TargetKind.STATUS:
            registry.set_status(name, version, target.name)
        case TargetKind.MODEL:
            registry.copy_version(name, version, target.name, tags={REQUEST_TAG: address(promote_request)})


def result(registry: RegistryClient, promote_request: PromoteRequest) -> str | None:
    """Returns the version that shows the change (a copy has its own), or None when MLflow does not show it.

    Raises:
        RegistryError: MLflow cannot be asked.
    """
    name, version, target = promote_request.model_name, promote_request.version, promote_request.target
    if target.kind == TargetKind.MODEL:
        # That it is a copy counts too: the tag alone can be set by anybody who may write to MLflow itself, and a copy
        # that failed would then be taken for made, and another version be given the tags that say who approved it.
        copies = registry.copies(name, version, target.name)
        return next((copy.version for copy in copies if copy.tags.get(REQUEST_TAG) == address(promote_request)), None)
    try:
        holds = is_at_target(registry.get_version(name, version), target)
    except RegistryNotFound:
        holds = False
    return version if holds == (promote_request.change == Change.SET) else None


def tags_take_long(promote_request: PromoteRequest) -> bool:
    """Tells whether nobody should wait for the tags: MLflow reads every version of the model for each that is set.

    MLflow 3.18, SQLite: 20 ms with 1,000 versions, a second with 50,000.
    """
    version = promote_request.held_version
    return is_version_number(version) and int(version) > FEW_VERSIONS


def write_tags(registry: RegistryClient, promote_request: PromoteRequest) -> None:
    """Writes on the promoted version who approved it, when, and where to read about it."""
    copied = promote_request.target_kind == TargetKind.MODEL
    promoted_at = promote_request.promoted_at or timezone.now()
    registry.set_version_tags(
        promote_request.target_name if copied else promote_request.model_name,
        promote_request.held_version,
        {
            REQUEST_TAG: address(promote_request),
            APPROVED_BY_TAG: ", ".join(promote_request.approved_by),
            PROMOTED_AT_TAG: promoted_at.astimezone(UTC).isoformat(timespec="seconds"),
            **_signatures(promote_request),
        },
    )


def _signatures(promote_request: PromoteRequest) -> dict[str, str]:
    """Returns the tag that says who signed, when and with which meaning; none where nobody did.

    Of each approver the approval that counted: what they signed before, of other facts, is no signature of these.
    """
    counted = {
        judgement.review
        for judgement in judgements_of(promote_request)
        if judgement.counts and judgement.name in promote_request.approved_by
    }
    signed = [
        sentences.signed(review.signature.printed_name, review.signature.signed_at, review.signature.meaning)
        for review in promote_request.reviews.all()
        if review.pk in counted and review.is_signed
    ]
    return {SIGNATURES_TAG: " ".join(signed)[:_LONGEST_TAG]} if signed else {}


def address(promote_request: PromoteRequest) -> str:
    """Returns the full address of the request's page."""
    return absolute(promote_request.get_absolute_url())
