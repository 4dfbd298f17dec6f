"""What a service account may do to a request, and what it may not, through every door that its token opens."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts import service_accounts
from accounts.identity.callers import Caller, CallerKind
from audit.actors import ActorKind, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed
from promote_requests import permissions, services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.models import PromoteRequest, Review
from protection import rules
from protection.models import ProtectionRule
from testing.api_client import ROOT
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, bearer, by, issue_token, service_account

pytestmark = pytest.mark.django_db
A_PERSON = "This is for a person to do."


@pytest.fixture
def nightly(fraud, ada):
    """A service account of ada's, in a group with every right there is."""
    account = service_account("nightly", ada)
    everything = Group.objects.create(name="Everything")
    everything.permissions.set(Permission.objects.all())
    account.groups.add(everything)
    return account


@pytest.fixture
def token(nightly):
    return bearer(issue_token(nightly)[1])


def send(method, path, token, **values):
    return Client().generic(method, f"{ROOT}{path}", json.dumps(values), "application/json", **token)


def test_it_asks_edits_comments_and_withdraws(fraud, nightly, token):
    asked = send(
        "POST",
        "promote-requests/",
        token,
        model_name="Fraud",
        version="2",
        target={"kind": "stage", "name": "Production"},
        title="Deeper trees",
    )
    assert asked.status_code == 201, asked.json()
    number = asked.json()["number"]
    assert send("PATCH", f"promote-requests/{number}/", token, title="Trees").status_code == 200
    assert send("POST", f"promote-requests/{number}/comments/", token, body="Trained.").status_code == 201
    assert send("POST", f"promote-requests/{number}/close/", token, reason="withdrawn").status_code == 200
    assert PromoteRequest.objects.get().author == nightly


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("reviews/", {"verdict": "approve"}),
        ("reviews/", {"verdict": "request_changes", "body": "No."}),
        ("promote/", {}),
        ("close/", {"reason": "rejected"}),
        ("dismiss/", {"review": 1, "reason": "Answered."}),
        ("break-glass/", {"reason": "The checkout is down and loses orders."}),
        ("consent/", {}),
    ],
)
def test_it_neither_judges_nor_promotes_whatever_groups_it_is_in(nightly, token, path, values):
    asked = PromoteRequestFactory()
    answer = send("POST", f"promote-requests/{asked.number}/{path}", token, **values)
    assert (answer.status_code, A_PERSON in answer.json()["message"]) == (403, True)
    asked.refresh_from_db()
    assert (asked.status, Review.objects.exists()) == (Status.OPEN, False)
    row = AuditEvent.objects.get(action=AuditAction.REFUSED)
    assert (row.actor, A_PERSON in row.reason) == (nightly, True)


@pytest.mark.parametrize("action", list(Action))
def test_each_action_is_for_people_or_for_everybody(nightly, action):
    judges = {Action.REVIEW, Action.DISMISS, Action.PROMOTE, Action.CLOSE}
    judges |= {Action.BREAK_GLASS, Action.CONSENT, Action.REVIEW_AFTERWARDS, Action.RE_REVIEW}
    own = PromoteRequestFactory(actor=nightly)
    assert (permissions.refusal(by(nightly), action, own) == "") is (action not in judges)


def test_it_changes_no_rule(nightly, token):
    answer = send("POST", "protection-rules/", token, target_pattern="alias:live")
    assert answer.status_code == 403
    with pytest.raises(NotAllowed):
        rules.delete_rule(actor=by(nightly), rule=ProtectionRule.objects.get(target_pattern="stage:*"))


def test_who_answers_for_it_does_not_judge_what_it_asks_for(nightly, ada, grace):
    asked = PromoteRequestFactory(actor=nightly)
    with pytest.raises(NotAllowed, match="You answer or answered for nightly"):
        services.review(actor=by(ada), promote_request=asked, verdict=Verdict.APPROVE)
    assert Action.REVIEW not in services.actions_for(by(ada), asked)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED


def test_an_approval_no_longer_counts_once_its_giver_answers_for_the_author(nightly, grace):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    asked = PromoteRequestFactory(actor=nightly)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    assert services.decision_of(asked).is_approved
    service_accounts.change(actor=by(AdministratorFactory()), account=nightly, owner=grace, purpose="Trains.")
    asked = PromoteRequest.objects.get()
    assert not services.decision_of(asked).is_approved
    assert not Review.objects.standing().exists()


def test_what_was_promoted_stays_approved_whoever_answers_for_its_author_later(nightly, grace):
    asked = PromoteRequestFactory(actor=nightly)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    service_accounts.change(actor=by(AdministratorFactory()), account=nightly, owner=grace, purpose="Trains.")
    asked = PromoteRequest.objects.get()
    assert (asked.status, services.decision_of(asked).approvers) == (Status.PROMOTED, ("grace",))


def test_a_rule_that_only_service_accounts_could_meet_is_refused(nightly):
    with pytest.raises(InvalidInput, match="nobody could do what is asked"):
        rules.save_rule(
            actor=by(AdministratorFactory()),
            rule=ProtectionRule(target_pattern="alias:live", conditions={"approvers": {"groups": ["Everything"]}}),
        )


@pytest.fixture
def checks():
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"checks": ["ci"], "approvals": 0})


def test_its_report_may_be_the_last_thing_missing_and_checkpoint_promotes(nightly, checks, grace, token):
    asked = PromoteRequestFactory(actor=grace)
    answer = send(
        "POST",
        f"promote-requests/{asked.number}/checks/",
        token,
        name="ci",
        state="success",
        evidence_fingerprint=asked.evidence_fingerprint,
    )
    assert answer.status_code == 201, answer.json()
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED
    assert AuditEvent.objects.get(action=AuditAction.PROMOTED).actor is None


@pytest.mark.parametrize("author", ["ada", "nightly", "sibling"])
def test_neither_it_nor_its_owner_reports_an_unpinned_check_on_what_the_other_asks_for(nightly, checks, ada, author):
    sibling = service_account("sibling", ada)
    asked = PromoteRequestFactory(actor={"ada": ada, "nightly": nightly, "sibling": sibling}[author])
    for reporter in (ada, nightly, sibling):
        with pytest.raises(NotAllowed, match="somebody else has to report ci"):
            services.report_check(
                actor=by(reporter),
                promote_request=asked,
                name="ci",
                state="success",
                evidence_fingerprint=asked.evidence_fingerprint,
            )


@pytest.mark.parametrize(
    ("people", "programs", "held"),
    [
        ("refuse", "hold", {"nightly"}),
        ("hold", "refuse", {"ada"}),
        ("hold", "same", {"ada", "nightly"}),
        ("refuse", "same", set()),
    ],
)
def test_a_rule_holds_direct_changes_of_people_and_of_programs_each_by_its_own_word(
    fraud, nightly, ada, people, programs, held
):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(
        on_direct_write=people, on_direct_write_by_service_accounts=programs
    )
    body = {"name": "Fraud", "stage": "Production", "archive_existing_versions": True}
    for account in (ada, nightly):
        version = fraud.add_version("Fraud").version
        answer = Client().generic(
            "POST",
            "/api/2.0/mlflow/model-versions/transition-stage",
            json.dumps(body | {"version": version}),
            "application/json",
            **bearer(issue_token(account)[1]),
        )
        assert answer.status_code == 403
    assert set(PromoteRequest.objects.values_list("author__username", flat=True)) == held


def test_the_proxy_knows_it_as_a_service_account(nightly):
    caller = Caller(CallerKind.TOKEN, nightly.pk, "nightly", "token:1", nightly.owner_id)
    assert caller.acting(Door.PROXY, "r").kind is ActorKind.SERVICE_ACCOUNT


def test_a_person_reviews_as_ever(grace, fraud):
    asked = PromoteRequestFactory(actor=UserFactory())
    assert services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE).failure is None
