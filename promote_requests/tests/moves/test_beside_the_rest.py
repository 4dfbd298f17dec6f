"""These moves beside service accounts, who made a version, soaking, questions and signatures."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import NotAllowed
from promote_requests import inbox, permissions, services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.services.moves.glass import consent_for
from protection.models import ProtectionRule
from testing.api_client import ROOT
from testing.factories import PromoteRequestFactory, UserFactory, register
from testing.people import bearer, by, issue_token, service_account

pytestmark = pytest.mark.django_db
WHY = "The checkout is down and loses orders by the minute."


def rule(**values):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(**values)


def allowed(user):
    user.user_permissions.add(Permission.objects.get(codename="break_glass"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def linus(db):
    return allowed(UserFactory(username="linus"))


@pytest.fixture
def nightly(fraud, ada):
    """A service account of ada's, which was given the permission."""
    return allowed(service_account("nightly", ada))


def broken(asked, person):
    return services.break_glass(actor=by(person), promote_request=asked, reason=WHY)


def test_a_service_account_looks_at_nothing_again_and_supersedes_its_own_alone(fraud, nightly, grace, linus):
    promoted = broken(PromoteRequestFactory(actor=grace), linus)
    token = bearer(issue_token(nightly)[1])
    for path in ("review-afterwards/", "re-reviews/"):
        answer = Client().post(
            f"{ROOT}promote-requests/{promoted.number}/{path}",
            {"body": "Fine."},
            "application/json",
            **token,
        )
        assert (answer.status_code, "for a person to do" in answer.json()["message"]) == (403, True)
    assert permissions.refusal(by(nightly), Action.SUPERSEDE, promoted).endswith("This one is grace's.")
    own = PromoteRequestFactory(actor=nightly, version=fraud.add_version("Fraud").version)
    assert permissions.refusal(by(nightly), Action.SUPERSEDE, own) == ""


def test_who_answers_for_the_author_neither_consents_nor_looks_at_it_afterwards(nightly, ada, grace, linus):
    rule(moves={"break_glass": {"consent": True}})
    asked = PromoteRequestFactory(actor=nightly)
    with pytest.raises(NotAllowed, match="answer for who did"):
        services.consent(actor=by(allowed(ada)), promote_request=asked)
    services.consent(actor=by(allowed(grace)), promote_request=asked)
    promoted = broken(asked, linus)
    with pytest.raises(NotAllowed, match="answer for who did"):
        services.review_afterwards(actor=by(ada), promote_request=promoted, body="Fine.")
    nobody = UserFactory()
    assert not any(inbox.to_review_afterwards(one) for one in (ada, grace, linus))
    assert list(inbox.to_review_afterwards(nobody)) == [promoted]


def test_a_consent_stops_counting_once_its_giver_answers_for_the_author(nightly, grace):
    asked = PromoteRequestFactory(actor=nightly)
    services.consent(actor=by(allowed(grace)), promote_request=asked)
    assert consent_for(asked, breaker=None) is not None
    User.objects.filter(pk=nightly.pk).update(owner=grace)
    asked = type(asked).objects.get(pk=asked.pk)
    assert consent_for(asked, breaker=None) is None


def test_the_fast_track_skips_soaking_and_not_who_made_the_version(fraud, ada, grace, linus):
    register(fraud.get_version("Fraud", "2"), grace)
    for version in ("2", fraud.add_version("Fraud").version):
        asked = PromoteRequestFactory(actor=ada, version=version)
        services.review(actor=by(linus), promote_request=asked, verdict=Verdict.APPROVE)
        asked.refresh_from_db()
        assert asked.status == Status.PROMOTED
    soak = {"target": "stage:Staging", "hours": 2}
    rule(
        conditions={"approvals": 2, "makers": {"unknown": "pass"}, "soak": soak},
        moves={"rollback": {"approvals": 1}},
    )
    opened = services.roll_back(actor=by(ada), promote_request=asked)
    assert (opened.version, opened.is_fast_track) == ("2", True)
    assert {one.key for one in services.requirement_of(opened).conditions} >= {"approvals", "makers"}
    assert "soak" not in {one.key for one in services.requirement_of(opened).conditions}
    with pytest.raises(NotAllowed, match="registered"):
        services.review(actor=by(grace), promote_request=opened, verdict=Verdict.APPROVE)
    services.review(actor=by(linus), promote_request=opened, verdict=Verdict.APPROVE)
    opened.refresh_from_db()
    assert opened.status == Status.PROMOTED


def test_a_broken_glass_skips_questions_signatures_makers_and_soaking_and_names_them(fraud, ada, linus):
    register(fraud.get_version("Fraud", "2"), linus)
    rule(
        conditions={
            "approvals": 1,
            "makers": {"unknown": "block"},
            "soak": {"target": "stage:Staging", "hours": 2},
            "signature": True,
            "questions": [{"question": "Was the data reviewed?", "type": "yes_no", "required": "yes"}],
        }
    )
    asked = PromoteRequestFactory(actor=ada)
    missing = [unmet.sentence for unmet in services.decision_of(asked).unmet]
    assert len(missing) > 2
    promoted = broken(asked, linus)
    assert (promoted.status, promoted.is_bypassed) == (Status.PROMOTED, True)
    assert promoted.broken_glass.get().skipped == missing
    assert all(one in AuditEvent.objects.get(action=AuditAction.GLASS_BROKEN).reason for one in missing)


def test_the_inbox_shows_what_waits_for_a_second_look(fraud, ada, grace, linus):
    promoted = broken(PromoteRequestFactory(actor=ada), linus)
    client = Client()
    client.force_login(grace)
    page = client.get("/checkpoint/inbox/")
    (section,) = [one for one in page.context["sections"] if one.key == "flagged"]
    assert [row.promote_request for row in section.rows] == [promoted]
    assert "Promoted past the rules, to be reviewed afterwards" in page.content.decode()
    services.review_afterwards(actor=by(grace), promote_request=promoted, body="It was right.")
    assert "to be reviewed afterwards" not in client.get("/checkpoint/inbox/").content.decode()


def test_the_inbox_shows_the_champions_that_are_due(fraud, ada, grace):
    rule(moves={"re_review": {"days": 3}})
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    client = Client()
    client.force_login(grace)
    page = client.get("/checkpoint/inbox/").content.decode()
    assert "Champions of yours to review again" in page
    assert f"/checkpoint/promote-requests/{asked.number}/re-review/" in page
