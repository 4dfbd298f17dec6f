import pytest

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from promote_requests import services
from promote_requests.choices import CloseReason, Status
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import PromoteRequest
from promote_requests.services import lifecycle
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from registry.proposals import Change
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, as_proposal
from testing.people import by

pytestmark = pytest.mark.django_db

PRODUCTION = Target.parse("stage:Production")


def ask(actor, **values):
    defaults = {"model_name": "Fraud", "version": "2", "target": PRODUCTION, "title": "Go live"}
    return services.create(**as_proposal({"actor": actor} | defaults | values))


def actions_of(promote_request):
    return list(promote_request.audit_events.values_list("action", flat=True))


def test_a_new_request_is_open_and_knows_the_champion(fraud, ada):
    created = ask(ada, title="  Go   live ", description=" because \n")
    created.refresh_from_db()
    assert (created.status, created.author, created.title, created.description) == (
        Status.OPEN,
        ada,
        "Go live",
        "because",
    )
    assert created.champion_version == "1"
    assert created.archive_existing_versions is True
    assert created.evidence_fingerprint.startswith("1:")
    event = created.audit_events.get()
    assert (event.action, event.actor_name, event.target) == (AuditAction.CREATED, "ada", "stage:Production")


def test_creating_a_request_changes_nothing_in_the_registry(fraud, ada):
    ask(ada)
    assert fraud.get_version("Fraud", "2").stage == "None"


@pytest.mark.parametrize(("asked", "kept"), [(None, True), (True, True), (False, False)])
def test_archiving_holders_is_the_default_for_active_stages(fraud, ada, asked, kept):
    assert ask(ada, archive_existing_versions=asked).archive_existing_versions is kept


@pytest.mark.parametrize("target", ["stage:Archived", "alias:prod", "model:prod.fraud"])
def test_archiving_holders_is_dropped_where_it_means_nothing(fraud, ada, target):
    created = ask(ada, target=Target.parse(target), archive_existing_versions=True)
    assert created.archive_existing_versions is False


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"model_name": "Nothing"}, "model_name"),
        ({"model_name": ""}, "model_name"),
        ({"version": "9"}, "version"),
        ({"version": "latest"}, "version"),
        ({"version": "²"}, "version"),
        ({"version": "1"}, "target"),
        ({"version": "1", "target": Target.parse("alias:champion")}, "target"),
        ({"target": Target.parse("alias:latest")}, "target"),
        ({"target": Target.parse("alias:V7")}, "target"),
        ({"target": Target.parse("alias:no spaces")}, "target"),
        ({"target": Target.parse(f"alias:{'x' * 256}")}, "target"),
        ({"target": Target.parse("model:Fraud")}, "target"),
        ({"target": Target.parse("model:prod/fraud")}, "target"),
        ({"change": Change.REMOVE}, "change"),
        ({"change": Change.REMOVE, "target": Target.parse("alias:champion")}, "target"),
    ],
)
def test_what_cannot_be_is_refused_at_once_by_field(fraud, ada, values, field):
    with pytest.raises(InvalidInput) as refusal:
        ask(ada, **values)
    assert refusal.value.field == field
    assert not PromoteRequest.objects.exists()


def test_a_second_unfinished_request_for_the_same_is_refused_with_the_first_one_named(open_request, grace):
    with pytest.raises(DuplicateRequest, match=f"#{open_request.number}") as refusal:
        ask(grace)
    assert refusal.value.number == open_request.number


def test_a_race_for_the_same_request_is_decided_by_the_database(open_request, grace, monkeypatch):
    looks = iter([False, True])
    original = lifecycle.refuse_duplicate
    monkeypatch.setattr(
        lifecycle, "refuse_duplicate", lambda *given, **named: original(*given, **named) if next(looks) else None
    )
    with pytest.raises(DuplicateRequest):
        ask(grace)
    assert PromoteRequest.objects.count() == 1


def test_the_same_version_may_be_requested_for_another_target(open_request, ada):
    assert ask(ada, target=Target.parse("alias:champion")).status == Status.OPEN


def test_a_version_already_copied_is_not_copied_again(fraud, ada):
    fraud.copy_version("Fraud", "2", "prod.fraud", tags={})
    with pytest.raises(InvalidInput, match=r"prod\.fraud version 1 is a copy"):
        ask(ada, target=Target.parse("model:prod.fraud"))


def test_a_prompt_goes_to_aliases_only(registry, ada):
    registry.add_version("greeting", prompt_text="Hello {{name}}")
    with pytest.raises(InvalidInput, match="A prompt has aliases only"):
        ask(ada, model_name="greeting", version="1")
    assert ask(ada, model_name="greeting", version="1", target=Target.parse("alias:production")).status == Status.OPEN


def test_nothing_is_recorded_when_mlflow_is_down(fraud, ada):
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    with pytest.raises(RegistryUnreachable):
        ask(ada)
    assert not AuditEvent.objects.exists()


def test_somebody_without_an_active_account_cannot_ask(fraud, db):
    with pytest.raises(NotAllowed):
        ask(UserFactory(is_active=False))
    assert AuditEvent.objects.get().action == AuditAction.REFUSED


def test_a_draft_is_opened_by_its_author(fraud, ada):
    draft = ask(ada, draft=True)
    assert draft.status == Status.DRAFT
    opened = services.submit(actor=by(ada), promote_request=draft)
    assert opened.status == Status.OPEN
    assert actions_of(opened) == [AuditAction.CREATED, AuditAction.SUBMITTED]


def test_only_the_author_edits(open_request, ada, grace):
    with pytest.raises(NotAllowed, match="Only ada"):
        services.edit(actor=by(grace), promote_request=open_request, title="Mine", description="")
    edited = services.edit(actor=by(ada), promote_request=open_request, title="Better", description="d")
    assert (edited.title, edited.description, edited.status) == ("Better", "d", Status.OPEN)
    assert actions_of(edited) == [AuditAction.CREATED, AuditAction.REFUSED, AuditAction.EDITED]


def test_the_trail_keeps_what_was_read_before_an_edit(open_request, ada):
    edits = [("Clearer", "First."), ("Clearer", "Second."), ("Clearest", "Second."), ("Clearest", " Second. ")]
    title = open_request.title
    for new_title, description in edits:
        services.edit(actor=by(ada), promote_request=open_request, title=new_title, description=description)
    told = AuditEvent.objects.filter(action=AuditAction.EDITED).values_list("reason", flat=True)
    assert list(told) == [
        f"{title!r} became 'Clearer'; a description was added",
        "the description was: First.",
        "'Clearer' became 'Clearest'",
    ]


def test_an_edit_without_a_title_is_refused(open_request, ada):
    with pytest.raises(InvalidInput) as refusal:
        services.edit(actor=by(ada), promote_request=open_request, title="", description="")
    assert refusal.value.field == "title"


def test_a_reviewer_closes_a_request_with_a_reason(open_request, grace):
    closed = services.close(actor=by(grace), promote_request=open_request, reason=CloseReason.SUPERSEDED, message="#9")
    assert (closed.status, closed.close_reason, closed.closed_by) == (Status.CLOSED, CloseReason.SUPERSEDED, grace)
    event = closed.audit_events.last()
    assert (event.from_status, event.to_status, event.reason) == ("open", "closed", "Superseded: #9")


def test_the_author_withdraws_instead_of_closing(open_request, ada, grace):
    with pytest.raises(NotAllowed, match="withdraw it instead"):
        services.close(actor=by(ada), promote_request=open_request, reason=CloseReason.REJECTED)
    with pytest.raises(NotAllowed):
        services.withdraw(actor=by(grace), promote_request=open_request)
    withdrawn = services.withdraw(actor=by(ada), promote_request=open_request)
    assert withdrawn.close_reason == CloseReason.WITHDRAWN


def test_nobody_else_can_close_a_request_as_withdrawn(open_request, grace):
    with pytest.raises(NotAllowed, match="Only ada"):
        services.close(actor=by(grace), promote_request=open_request, reason=CloseReason.WITHDRAWN)


def test_the_reason_of_closing_follows_from_who_closes(open_request, ada, grace):
    closed = services.close(actor=by(grace), promote_request=open_request)
    assert closed.close_reason == CloseReason.REJECTED
    reopened = services.reopen(actor=by(ada), promote_request=closed)
    assert services.close(actor=by(ada), promote_request=reopened).close_reason == CloseReason.WITHDRAWN


def test_a_reason_that_nobody_knows_is_refused(open_request, grace):
    with pytest.raises(InvalidInput, match="use rejected, withdrawn, superseded") as refusal:
        services.close(actor=by(grace), promote_request=open_request, reason="boredom")
    assert refusal.value.field == "reason"


def test_an_attempt_that_is_not_ones_own_is_in_the_trail_even_with_bad_input(open_request, grace):
    with pytest.raises(NotAllowed):
        services.edit(actor=by(grace), promote_request=open_request, title="", description="")
    assert AuditEvent.objects.latest("pk").action == AuditAction.REFUSED


def test_a_closed_request_cannot_be_closed_again(open_request, grace):
    services.close(actor=by(grace), promote_request=open_request)
    with pytest.raises(WrongState):
        services.close(actor=by(grace), promote_request=open_request)


def test_reopening_starts_the_review_anew(open_request, ada, grace):
    rule_of_two()
    services.review(actor=by(grace), promote_request=open_request, verdict="approve")
    assert services.decision_of(open_request).approvals == 1
    services.close(actor=by(grace), promote_request=open_request)
    reopened = services.reopen(actor=by(ada), promote_request=PromoteRequest.objects.get())
    assert (reopened.status, reopened.closed_at, reopened.close_reason) == (Status.OPEN, None, "")
    assert services.decision_of(reopened).approvals == 0


def test_a_stranger_cannot_reopen(open_request, ada, grace):
    closed = services.close(actor=by(grace), promote_request=open_request)
    with pytest.raises(NotAllowed, match="Only ada, who made the request, or grace, who closed it"):
        services.reopen(actor=by(UserFactory()), promote_request=closed)


def test_a_request_is_not_reopened_beside_a_newer_one_for_the_same(open_request, ada, grace):
    closed = services.close(actor=by(grace), promote_request=open_request)
    newer = PromoteRequestFactory(actor=ada)
    with pytest.raises(DuplicateRequest) as refusal:
        services.reopen(actor=by(ada), promote_request=closed)
    assert refusal.value.number == newer.number


def test_a_request_whose_version_got_there_otherwise_is_not_reopened(open_request, fraud, ada, grace):
    closed = services.close(actor=by(grace), promote_request=open_request)
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=True)
    with pytest.raises(InvalidInput, match="in Production already"):
        services.reopen(actor=by(ada), promote_request=closed)


def rule_of_two():
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})


@pytest.mark.parametrize("message", ["x" * 1_001, "a\0b"])
def test_the_reason_of_closing_and_reopening_is_bounded(open_request, ada, grace, message):
    with pytest.raises(InvalidInput) as refused:
        services.close(actor=by(grace), promote_request=open_request, message=message)
    assert refused.value.field == "message"
    closed = services.close(actor=by(grace), promote_request=open_request)
    with pytest.raises(InvalidInput):
        services.reopen(actor=by(ada), promote_request=closed, message=message)


def test_titles_and_descriptions_hold_no_nul(open_request, ada):
    for typed in ({"title": "a\0b", "description": ""}, {"title": "New", "description": "a\0b"}):
        with pytest.raises(InvalidInput):
            services.edit(actor=by(ada), promote_request=open_request, **typed)
