"""Opening, editing, closing and reopening promote requests."""

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from promote_requests import permissions, transitions
from promote_requests.choices import Action, AuditAction, CloseReason, RequestAction, Status
from promote_requests.evidence import observe
from promote_requests.exceptions import DuplicateRequest, InvalidInput
from promote_requests.models import PromoteRequest
from promote_requests.registry import get_registry
from promote_requests.services import audit, feasibility
from promote_requests.services.locking import lock, move
from promote_requests.services.observing import observed
from promote_requests.services.reading import default_archive
from promote_requests.services.settling import settles_first
from promote_requests.services.texts import checked, checked_message
from promote_requests.targets import Target
from promote_requests.workspaces import canonical_workspace

if TYPE_CHECKING:
    from accounts.models import User

MAX_DESCRIPTION = 65_536
"""Characters of a request's description."""


@audit.records_refusals
def create(
    *,
    actor: "User",
    model_name: str,
    version: str,
    target: Target,
    title: str,
    description: str = "",
    action: RequestAction = RequestAction.SET,
    archive_existing_versions: bool | None = None,
    workspace: str = "",
    draft: bool = False,
    request_id: str = "",
) -> PromoteRequest:
    """Opens a promote request, or keeps it as a draft.

    Args:
        actor: Its author.
        model_name: The registered model or prompt of the version.
        version: As MLflow spells it, a whole number.
        target: Where it is to go.
        title: 1 to 200 characters.
        description: Markdown, at most `MAX_DESCRIPTION` characters.
        action: SET gives the version the target; REMOVE takes an alias away from it.
        archive_existing_versions: None takes the target's default; ignored where nothing can be archived.
        workspace: MLflow's workspace, "" where the server has none; "default" is the same.
        draft: Keeps it out of reviewers' sight until it is submitted.
        request_id: Of the HTTP request, for the trail.

    Raises:
        InvalidInput: a field is wrong, the version or model does not exist, or the version is already there.
        DuplicateRequest: an unfinished request for the same version and target exists.
        NotAllowed: the actor may not sign in.
        RegistryError: MLflow cannot be asked.
    """
    permissions.require_active(actor)
    title = _checked_title(title)
    description = _checked_description(description)
    workspace = canonical_workspace(workspace)
    _refuse_duplicate(workspace, model_name, version, target)
    registry = get_registry(workspace)
    feasibility.check(registry, model_name=model_name, version=version, target=target, action=action)
    evidence = observe(registry, model_name=model_name, version=version, target=target, action=action)
    if archive_existing_versions is None:
        archive_existing_versions = default_archive(target)
    status = Status.DRAFT if draft else Status.OPEN
    try:
        with transaction.atomic():
            promote_request = PromoteRequest.objects.create(
                title=title,
                description=description,
                workspace=workspace,
                model_name=model_name,
                version=version,
                target_kind=target.kind,
                target_name=target.name,
                action=action,
                archive_existing_versions=archive_existing_versions and target.can_archive_holders,
                author=actor,
                status=status,
                **observed(evidence, target),
            )
            audit.record(
                AuditAction.CREATED,
                promote_request=promote_request,
                to_status=status,
                request_id=request_id,
                **audit.by(actor),  # type: ignore[arg-type]
            )
    except IntegrityError:
        # Somebody opened the same request between our look and our write: the constraint noticed.
        _refuse_duplicate(workspace, model_name, version, target)
        raise
    return promote_request


@audit.records_refusals
@settles_first
def edit(
    *, actor: "User", promote_request: PromoteRequest, title: str, description: str, request_id: str = ""
) -> PromoteRequest:
    """Changes title and description; what is asked for never changes, that would be another request.

    The trail keeps what they said before: reviewers may have approved for what they read there.
    """
    _require(actor, Action.EDIT, promote_request)
    title = _checked_title(title)
    description = _checked_description(description)
    with transaction.atomic():
        locked = _take(actor, Action.EDIT, promote_request)
        before = locked.title, locked.description
        move(locked, Status(locked.status), title=title, description=description)
        reason = _what_was_edited(before, (title, description))
        _record(AuditAction.EDITED, locked, actor, request_id, reason=reason)
    return locked


@audit.records_refusals
@settles_first
def submit(*, actor: "User", promote_request: PromoteRequest, request_id: str = "") -> PromoteRequest:
    """Opens a draft for review, with the evidence as it is now."""
    return _open(actor, Action.SUBMIT, AuditAction.SUBMITTED, promote_request, "", request_id)


@audit.records_refusals
@settles_first
def reopen(
    *, actor: "User", promote_request: PromoteRequest, message: str = "", request_id: str = ""
) -> PromoteRequest:
    """Opens a closed request again, with the evidence as it is now; earlier reviews no longer count."""
    return _open(actor, Action.REOPEN, AuditAction.REOPENED, promote_request, message, request_id)


@audit.records_refusals
@settles_first
def close(
    *,
    actor: "User",
    promote_request: PromoteRequest,
    reason: str | None = None,
    message: str = "",
    request_id: str = "",
) -> PromoteRequest:
    """Ends a request without a promotion: its author withdraws it, anybody else closes it.

    Args:
        actor: Who ends it.
        promote_request: What is ended.
        reason: A `CloseReason`. `withdrawn` is the author's, the others are everybody else's; None takes what fits.
        message: Why, in words.
        request_id: Of the HTTP request, for the trail.

    Raises:
        InvalidInput: there is no such reason, or the message is too long.
        WrongState: it has ended already, or is being promoted.
        NotAllowed: the reason is not this person's to give.
    """
    if reason is None:
        is_author = actor.pk == promote_request.author_id
        reason = CloseReason.WITHDRAWN if is_author else CloseReason.REJECTED
    given = _checked_reason(reason)
    action = Action.WITHDRAW if given == CloseReason.WITHDRAWN else Action.CLOSE
    _require(actor, action, promote_request)
    message = checked_message(message)
    with transaction.atomic():
        locked = _take(actor, action, promote_request)
        before = locked.status
        move(locked, Status.CLOSED, close_reason=given, closed_by=actor, closed_at=timezone.now())
        words = f"{given.label}: {message}" if message else str(given.label)
        _record(AuditAction.CLOSED, locked, actor, request_id, reason=words, from_status=before)
    return locked


def withdraw(
    *, actor: "User", promote_request: PromoteRequest, message: str = "", request_id: str = ""
) -> PromoteRequest:
    """Closes one's own request; see `close`."""
    return close(
        actor=actor,
        promote_request=promote_request,
        reason=CloseReason.WITHDRAWN,
        message=message,
        request_id=request_id,
    )


def _open(
    actor: "User",
    action: Action,
    recorded_as: AuditAction,
    promote_request: PromoteRequest,
    message: str,
    request_id: str,
) -> PromoteRequest:
    _require(actor, action, promote_request)
    message = checked_message(message)
    registry = get_registry(promote_request.workspace)
    asked = {
        "model_name": promote_request.model_name,
        "version": promote_request.version,
        "target": promote_request.target,
        "action": RequestAction(promote_request.action),
    }
    feasibility.check(registry, **asked)  # type: ignore[arg-type]
    evidence = observe(registry, **asked)  # type: ignore[arg-type]
    try:
        with transaction.atomic():
            locked = _take(actor, action, promote_request)
            before = locked.status
            now = timezone.now()
            move(
                locked,
                Status.OPEN,
                opened_at=now,
                **observed(evidence, locked.target),
                closed_at=None,
                closed_by=None,
                close_reason="",
                last_failure="",
            )
            _record(recorded_as, locked, actor, request_id, reason=message, from_status=before)
    except IntegrityError:
        _refuse_duplicate(
            promote_request.workspace, promote_request.model_name, promote_request.version, promote_request.target
        )
        raise
    return locked


def _take(actor: "User", action: Action, promote_request: PromoteRequest) -> PromoteRequest:
    locked = lock(promote_request)
    _require(actor, action, locked)
    return locked


def _require(actor: "User", action: Action, promote_request: PromoteRequest) -> None:
    # Asked before texts are judged, so that an attempt which is not this person's to make is in the trail as one.
    transitions.require(action, promote_request.status)
    permissions.require(actor, action, promote_request)


def _record(
    action: AuditAction,
    promote_request: PromoteRequest,
    actor: "User",
    request_id: str,
    *,
    reason: str = "",
    from_status: str = "",
) -> None:
    audit.record(
        action,
        promote_request=promote_request,
        from_status=from_status,
        to_status=promote_request.status if from_status else "",
        reason=reason,
        request_id=request_id,
        **audit.by(actor),  # type: ignore[arg-type]
    )


def _what_was_edited(before: tuple[str, str], after: tuple[str, str]) -> str:
    told = []
    if before[0] != after[0]:
        told.append(f"{before[0]!r} became {after[0]!r}")
    if before[1] != after[1]:
        told.append(f"the description was: {before[1]}" if before[1] else "a description was added")
    return "; ".join(told)


def _checked_reason(reason: str) -> CloseReason:
    try:
        return CloseReason(reason)
    except ValueError:
        raise InvalidInput(
            f"{reason!r} is not a reason: use {', '.join(CloseReason.values)}.", field="reason"
        ) from None


def _checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not 1 <= len(title) <= 200 or "\x00" in title:
        raise InvalidInput("Give the request a title of 1 to 200 characters.", field="title")
    return title


def _checked_description(description: str) -> str:
    return checked(description, field="description", longest=MAX_DESCRIPTION, called="The description")


def _refuse_duplicate(workspace: str, model_name: str, version: str, target: Target) -> None:
    existing = (
        PromoteRequest.objects.unfinished()
        .for_version(workspace, model_name, version)
        .filter(target_kind=target.kind, target_name=target.name)
        .first()
    )
    if existing is not None:
        raise DuplicateRequest(
            f"Request #{existing.number} already asks for this: {existing.title}.", number=existing.number
        )
