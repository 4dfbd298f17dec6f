"""The decision on a guarded call: what goes upstream instead of it, or why it does not."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from audit import refused_calls, trail
from audit.actors import Actor, ActorKind
from audit.choices import AuditAction
from audit.trail import About
from foundation.exceptions import CheckpointError
from promote_requests import services
from protection import insights
from proxy.guard import entries, indirect, messages, rulings, unknown_writes, wording
from proxy.guard.messages import UnreadableCall
from proxy.guard.routes import Route, Traffic
from proxy.guard.rulings import Ruling, Unchanged
from proxy.protected import Protected
from proxy.refusals import Refusal, broken
from proxy.seal import judge
from registry import lists, patience
from registry.exceptions import RegistryError, RegistryNotFound
from registry.types import Family, family_of
from registry.workspaces import canonical_workspace

logger = logging.getLogger(__name__)

Judged = Callable[[Protected], "Allowed | Unchanged | Refusal"]
"""Judges the call at hand by what is protected."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What goes upstream in place of what came; `body` is None for a call without one."""

    body: bytes | None
    content_type: str
    query: str


@patience.at_most(patience.PAGE)
def decide(
    route: Route,
    *,
    method: str,
    path: str,
    query: str,
    content_type: str,
    body: bytes,
    workspace: str,
    actor: Actor,
) -> Allowed | Unchanged | Refusal:
    """Decides a guarded, unknown or forbidden call; what is refused with 403 leaves a row in the audit trail.

    Args:
        route: From `routes.classify`.
        method: As sent.
        path: As sent. What it names counts for skills and MCP servers only.
        query: The query string as sent.
        content_type: As sent. Not consulted: what MLflow reads as JSON is JSON, whatever it is called.
        body: The whole body.
        workspace: The value of `X-MLFLOW-WORKSPACE`, or empty.
        actor: Who asks, for the audit trail.

    Raises:
        RegistryError: MLflow had to be asked and did not answer.
    """
    workspace = canonical_workspace(workspace)
    judged = partial(_outcome, route, method=method, path=path, query=query, body=body)
    protected = Protected(workspace)
    try:
        outcome = judged(protected)
    except UnreadableCall as fault:
        return Refusal(str(fault), status=400, code="INVALID_PARAMETER_VALUE")
    except RegistryNotFound as missing:
        # Answered here with MLflow's own words and not by MLflow: between the look-up and a call passed on, what was
        # missing could have come to be, and would then be changed without having been judged.
        return Refusal(missing.message, status=missing.status, code=missing.code)
    except RegistryError:
        raise
    except CheckpointError as fault:
        return Refusal(fault.message, status=fault.status, code=fault.code)
    if not isinstance(outcome, Refusal):
        if actor.kind is not ActorKind.ANONYMOUS:
            _evaluate(route, judged, protected, actor)
        return outcome
    if _record(outcome, call=f"{method} {path}", workspace=workspace, actor=actor):
        _keep(outcome, protected, actor)
        _evaluate(route, judged, protected, actor)
    if outcome.proposal is not None and outcome.is_asked_for:
        number = services.hold(actor=actor, proposal=outcome.proposal, rules=protected.rules)
        if number is not None:
            return outcome.held_by(number)
    return outcome


@patience.at_most(patience.PAGE)
def check_seal(route: Route, *, method: str, path: str, query: str, workspace: str, actor: Actor) -> Refusal | None:
    """Judges a call of `Traffic.SEALED` by its address alone; None lets it pass as it came, its body unread.

    Args:
        route: From `routes.classify`.
        method: As sent.
        path: As sent.
        query: The query string as sent.
        workspace: The value of `X-MLFLOW-WORKSPACE`, or empty.
        actor: Who asks, for the audit trail.

    Raises:
        RegistryError: MLflow had to be asked and did not answer.
    """
    workspace = canonical_workspace(workspace)
    refusal = judge.refusal_by_address(route.operation, method=method, path=path, query=query, workspace=workspace)
    if refusal is None:
        return None
    if refusal.status != 400:
        _record(refusal, call=f"{method} {path}", workspace=workspace, actor=actor)
    return refusal


def require_unsealed(route: Route, *, method: str, path: str, query: str, workspace: str, actor: Actor) -> None:
    """Raises what `check_seal` returns."""
    refusal = check_seal(route, method=method, path=path, query=query, workspace=workspace, actor=actor)
    if refusal is not None:
        raise refusal


def look_back(route: Route, *, method: str, path: str, query: str, workspace: str, actor: Actor) -> None:
    """Looks whether a call that MLflow took long to do has changed what was sealed in the meantime.

    It was judged when its last piece went up, and then it was MLflow's and its storage's to put away. Where MLflow does
    not say now what is in use, nothing is said of it: the files' digests tell.

    Args:
        route: As of `check_seal`, with the rest.
        method: As sent.
        path: As sent.
        query: As sent.
        workspace: The value of `X-MLFLOW-WORKSPACE`, or empty.
        actor: Who did it, for the audit trail.

    Raises:
        Refusal: it has; the record has a row.
    """
    workspace = canonical_workspace(workspace)
    try:
        sealed = judge.refusal_by_address(route.operation, method=method, path=path, query=query, workspace=workspace)
    except RegistryError as error:
        logger.warning("Nobody could look whether a slow upload changed what is in use: %s", error.message)
        return
    if sealed is None or sealed.status == 400:
        return
    changed = broken(sealed.model_name, sealed.version)
    about = About(workspace, sealed.model_name, sealed.version, str(sealed.target or ""))
    trail.record(AuditAction.SEAL_BROKEN, actor=actor, about=about, reason=f"{method} {path[:300]}: {changed.sentence}")
    logger.error("%s", changed.sentence)
    raise changed


@patience.at_most(patience.PAGE)
def may_pass_unread(*, method: str, path: str, workspace: str) -> bool:
    """Tells whether a registration may go to MLflow as it comes: no rule is about a status that it could give.

    Args:
        method: As sent.
        path: As sent, of a route whose operation is `entries.REGISTRATION`.
        workspace: The value of `X-MLFLOW-WORKSPACE`, or empty.

    Raises:
        RegistryError: MLflow had to be asked for its version and did not answer.
    """
    workspace = canonical_workspace(workspace)
    try:
        entry = entries.registered(method, path)
    except UnreadableCall:
        return False
    enforced = Protected(workspace)
    is_covered = enforced.covers_registering(entry) or enforced.evaluating().covers_registering(entry)
    return not is_covered and unknown_writes.may_pass_unread()


def judge_registration_again(*, method: str, path: str, body: bytes | None, workspace: str, actor: Actor) -> None:
    """Passes a registration whose files took long to come, if it would still be let pass.

    Args:
        method: As sent.
        path: As sent.
        body: What `decide` let pass; None where `may_pass_unread` did.
        workspace: The value of `X-MLFLOW-WORKSPACE`, or empty.
        actor: Who asks, for the audit trail.

    Raises:
        Refusal: the rules have changed.
    """
    workspace = canonical_workspace(workspace)
    refusal = _registration_now(method, path, body, Protected(workspace))
    if refusal is not None:
        _record(refusal, call=f"{method} {path}", workspace=workspace, actor=actor)
        raise refusal


def _registration_now(method: str, path: str, body: bytes | None, protected: Protected) -> Refusal | None:
    if body is None:
        entry = entries.registered(method, path)
        if not protected.covers_registering(entry):
            return None
        sentence = wording.protected_meanwhile(entry or "a skill")
        return Refusal(sentence, model_name=entry or "", status=409, code="INVALID_STATE")
    call = entries.read(method, path, body)
    found = entries.RULINGS[call.operation](call.message, protected)
    return found if isinstance(found, Refusal) else None


def _evaluate(route: Route, judged: Judged, protected: Protected, actor: Actor) -> None:
    """Keeps what the rules that are only evaluated would have refused; nothing is refused because of them."""
    if route.operation not in (*rulings.RULINGS, *entries.OPERATIONS):
        return
    evaluated = protected.evaluating()
    if not evaluated.rules:
        return
    try:
        found = judged(evaluated)
    except CheckpointError as failure:
        # Also where MLflow does not answer any more: the call itself has been judged, and goes its way.
        logger.info("What the evaluated rules would do could not be told: %s", failure.message)
        return
    if isinstance(found, Refusal):
        _keep(found, evaluated, actor)


def _keep(refusal: Refusal, protected: Protected, actor: Actor) -> None:
    """Keeps which rules refused a call, or would have."""
    if refusal.target is None:
        return
    about = About(protected.workspace, refusal.model_name, refusal.version, str(refusal.target))
    judged = insights.of_call(protected.covering(refusal.model_name, refusal.target), refusal.sentence)
    insights.record(judged, actor=actor, about=about)


def _outcome(
    route: Route, protected: Protected, *, method: str, path: str, query: str, body: bytes
) -> Allowed | Unchanged | Refusal:
    workspace = protected.workspace
    if route.traffic in {Traffic.FORBIDDEN, Traffic.UNKNOWN}:
        return Refusal(wording.FORBIDDEN[route.operation])
    if route.operation == "delete-workspace":
        return _delete_workspace(query)
    if route.operation in entries.OPERATIONS:
        call = entries.read(method, path, body)
        found = entries.RULINGS[call.operation](call.message, protected)
        content = None if call.sent is None else messages.serialise(call.sent)
        return found or Allowed(content, messages.CONTENT_TYPE, "")
    if route.operation in indirect.RULINGS:
        message = messages.load(body)
        refusal = indirect.judged(route.operation, message, workspace)
        return refusal or Allowed(messages.serialise(message), messages.CONTENT_TYPE, "")
    message = messages.parse(route.operation, query=query, body=body)
    if route.operation in messages.TRACKING_SHAPES:
        refusal = judge.refusal_by_message(route.operation, message, workspace=workspace)
        return refusal or Allowed(messages.serialise(message), messages.CONTENT_TYPE, "")
    rule: Ruling = rulings.RULINGS[route.operation]
    if family_of(message["name"]) is not Family.MODEL:
        raise RegistryNotFound(f"Registered Model with name={message['name']} not found")
    if route.operation != "create-model":
        protected.require_exact_name(message["name"])
    stopped = rule(message, protected)
    if stopped is None and route.operation in rulings.DESCRIBING:
        lists.changes(workspace, message["name"])
    return stopped or Allowed(messages.serialise(message), messages.CONTENT_TYPE, "")


def _delete_workspace(query: str) -> Allowed | Refusal:
    modes = [value for key, value in parse_qsl(query, keep_blank_values=True) if key == "mode"]
    if modes not in ([], ["RESTRICT"]):
        return Refusal(wording.WORKSPACE)
    return Allowed(None, "", "mode=RESTRICT")


def _record(refusal: Refusal, *, call: str, workspace: str, actor: Actor) -> bool:
    return refused_calls.record(
        actor=actor,
        about=About(workspace, refusal.model_name, refusal.version, str(refusal.target or "")),
        reason=f"{call[:300]}: {refusal.sentence}",
    )
