"""The refusal of a call: its class, and the refusals that guard and seal share."""

from collections.abc import Sequence
from typing import Self

from foundation.addresses import absolute
from foundation.words import listed
from promote_requests.links import form_path, request_path
from promote_requests.sentences import LIFT_THERE
from promote_requests.services import Objection
from proxy.exceptions import ProxyError
from proxy.protected import Held
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind


class Refusal(ProxyError):
    """A call that would change what is protected or sealed, or whose message cannot be judged.

    Attributes:
        sentence: The reason, without an address.
        proposal: The promote request that would help, for the form; None if none would.
        is_asked_for: Whether that is what the call itself wanted, and not another way that is open to the caller.
        model_name: For the audit trail, with `version` and `target`.
    """

    title = "Not allowed"

    def __init__(
        self,
        sentence: str,
        proposal: Proposal | None = None,
        *,
        model_name: str = "",
        version: str = "",
        target: Target | None = None,
        is_asked_for: bool = True,
        status: int = 403,
        code: str = "PERMISSION_DENIED",
    ) -> None:
        self.sentence = sentence
        self.proposal = proposal
        self.form_path = form_path(proposal, refused=target or proposal.target) if proposal else ""
        super().__init__(f"{sentence} Open it here: {absolute(self.form_path)}" if proposal else sentence)
        self.is_asked_for = is_asked_for
        self.model_name = model_name or (proposal.model_name if proposal else "")
        self.version = version or (proposal.version if proposal else "")
        self.target = target
        self.status = status
        self.code = code

    def held_by(self, number: int) -> Self:
        """Leads to the request that now asks for what the call wanted, instead of to the form; returns itself."""
        self.form_path = request_path(number)
        self.message = f"{self.sentence} Promote request #{number} asks for it now: {absolute(self.form_path)}"
        return self

    def headers(self) -> dict[str, str]:
        """Returns the address of the form in which to ask for the change, or of the request that asks for it."""
        return {"X-Checkpoint-Promote-Request": self.form_path} if self.form_path else {}


def holding(what: str, name: str, held: Sequence[Held], workspace: str) -> Refusal | None:
    """Returns the refusal of a call that would change protected targets in use; None if there are none.

    Args:
        what: What cannot be done, for example `Version 3 of Fraud cannot be deleted`.
        name: The model whose versions hold the targets.
        held: The targets and their holders.
        workspace: The model's, canonical.
    """
    if not held:
        return None
    names = ", ".join(_with_version(each) for each in held)
    proposal = way_out(name, held, workspace)
    sentence = f"{what}, because it would change what is protected ({names}). {_way_out_in_words(proposal)}"
    return Refusal(
        sentence, proposal, model_name=name, version=held[0].version, target=held[0].target, is_asked_for=False
    )


def way_out(model_name: str, held: Sequence[Held], workspace: str) -> Proposal | None:
    """Returns what to ask for first; None if no request can free the targets."""
    if any(each.target.kind == TargetKind.MODEL for each in held):
        return None
    first = held[0]
    if first.target.kind == TargetKind.ALIAS:
        return Proposal(model_name, first.version, first.target, Change.REMOVE, workspace=workspace)
    is_entry = first.target.kind == TargetKind.STATUS
    away = Target(TargetKind.STATUS, "deprecated") if is_entry else Target(TargetKind.STAGE, "Archived")
    return Proposal(model_name, first.version, away, workspace=workspace)


def being_promoted(name: str) -> Refusal:
    """Returns the refusal of a call while a version of the model is being promoted."""
    sentence = f"Checkpoint is promoting a version of {name} at this moment: try again in a few seconds."
    return Refusal(sentence, model_name=name, status=409, code="INVALID_STATE")


def directing(name: str, number: int) -> Refusal:
    """Returns the refusal of a tag that says which values of a metric are better, while people judge by it."""
    sentence = (
        f"Which values of {name}'s metrics are better does not change by a tag while people judge by it: see "
        f"{absolute(request_path(number))}. Somebody with the permission can set it in Checkpoint, where the request "
        "says so."
    )
    return Refusal(sentence, model_name=name)


def broken(name: str, version: str) -> Refusal:
    """Returns what is said of a call that MLflow was so slow to do that it changed what was sealed meanwhile."""
    sentence = (
        f"MLflow took long to do this, and meanwhile version {version} of {name} came under review or into use: what "
        "it is made of has been changed. The record has it, and `manage.py digest --verify` names the files."
    )
    return Refusal(sentence, model_name=name, version=version, status=409, code="INVALID_STATE")


def being_judged(name: str, version: str, number: int) -> Refusal:
    """Returns the refusal of a call that would change a version that people judge, until its request has ended.

    Args:
        name: The model's.
        version: The version's.
        number: The promote request's.
    """
    sentence = (
        f"Version {version} of {name} is under review in promote request #{number}: it stays, with all that it is made "
        f"of, until that request is promoted or closed. See {absolute(request_path(number))}"
    )
    return Refusal(sentence, model_name=name, version=version, status=409, code="INVALID_STATE")


def objected(name: str, new_name: str, objection: Objection) -> Refusal:
    """Returns the refusal of a name under which a version would be without the objection that stands against it."""
    closed = objection.closed
    sentence = (
        f"{name} cannot be renamed {new_name}: {listed(objection.objectors)} asked for changes of version "
        f"{closed.version} in #{closed.number}, which was closed without an answer, and under another name that "
        f"version would be without the objection. {LIFT_THERE} See "
        f"{absolute(request_path(closed.number))}"
    )
    return Refusal(sentence, model_name=name, version=closed.version, status=409, code="INVALID_STATE")


def _way_out_in_words(proposal: Proposal | None) -> str:
    if proposal is None:
        return "Only a change of the protection rule, by an administrator, allows it."
    if proposal.change == Change.REMOVE:
        return f"First request to take the alias {proposal.target.name} from version {proposal.version}."
    if proposal.target.kind == TargetKind.STATUS:
        return f"First request the status {proposal.target.name} for version {proposal.version}."
    return f"First request to move version {proposal.version} to Archived."


def _with_version(held: Held) -> str:
    if held.target.kind == TargetKind.MODEL:
        return f"every version of {held.target.name} is"
    if held.target.kind == TargetKind.ALIAS:
        return f"version {held.version} has the alias {held.target.name}"
    if held.target.kind == TargetKind.STATUS:
        return f"version {held.version} is {held.target.name}"
    return f"version {held.version} is in {held.target.name}"
