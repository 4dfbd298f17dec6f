import re
from typing import TYPE_CHECKING

import pytest

from audit import trail
from audit.choices import AuditAction
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.pages import timeline
from promote_requests.pages.talk.threads import talk_of
from protection.models import ProtectionRule
from testing.factories import PromoteRequestFactory
from testing.people import by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def _entries(promote_request: "PromoteRequest") -> list[timeline.Entry]:
    return timeline.entries(promote_request, talk_of(promote_request, by(promote_request.author)))


def _note_of_review(promote_request: "PromoteRequest") -> str:
    promote_request.refresh_from_db()
    return next(entry.note for entry in _entries(promote_request) if entry.anchor.startswith("review-"))


@pytest.fixture
def approved(open_request: "PromoteRequest", grace: "User") -> "PromoteRequest":
    """Gives a request with one of two approvals."""
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    return open_request


def test_a_long_explanation_is_cut_in_the_story(open_request, ada):
    services.edit(actor=by(ada), promote_request=open_request, title="Mine", description="x" * 5_000)
    services.edit(actor=by(ada), promote_request=open_request, title="Mine", description="")
    assert len(_entries(open_request)[-1].note) == 500


def test_review_of_the_present_facts_needs_no_note(approved: "PromoteRequest") -> None:
    assert _note_of_review(approved) == ""


def test_review_says_which_champion_it_compared_with(
    approved: "PromoteRequest", fraud: "FakeRegistry", ada: "User"
) -> None:
    fraud.add_version("Fraud")
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    services.withdraw(actor=by(ada), promote_request=approved)
    approved.refresh_from_db()
    services.reopen(actor=by(ada), promote_request=approved)
    assert _note_of_review(approved) == "compared with version 1; the champion has changed since"


def test_review_says_that_the_facts_have_changed(
    approved: "PromoteRequest", fraud: "FakeRegistry", ada: "User"
) -> None:
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    services.withdraw(actor=by(ada), promote_request=approved)
    approved.refresh_from_db()
    services.reopen(actor=by(ada), promote_request=approved)
    assert _note_of_review(approved) == "of facts that have changed since"


def test_events_give_their_reason_and_repeat_no_review(approved: "PromoteRequest", ada: "User") -> None:
    services.withdraw(actor=by(ada), promote_request=approved, message="Later.")
    told = [(entry.who, entry.did, entry.note) for entry in _entries(approved)]
    assert told == [
        ("ada", "opened the request", ""),
        ("grace", "approved", ""),
        ("ada", "closed the request", "Withdrawn: Later."),
    ]


def test_draft_is_not_told_as_opened(fraud: "FakeRegistry", ada: "User") -> None:
    made = PromoteRequestFactory(actor=ada, draft=True)
    services.submit(actor=by(ada), promote_request=made)
    assert [entry.did for entry in _entries(made)] == ["saved a draft", "marked it ready for review"]


@pytest.mark.whole
@pytest.mark.parametrize("action", sorted(set(AuditAction) - {AuditAction.CALL_REFUSED, AuditAction.RULE_CHANGED}))
def test_every_event_of_a_request_is_a_sentence_about_who_did_it(
    open_request: "PromoteRequest", ada: "User", action: AuditAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A row alone, of something that did not happen: there is nothing to be told of it.
    monkeypatch.setattr(trail.event_written, "send", lambda **_: [])
    trail.record(action, about=open_request.about, actor=by(ada))
    for entry in _entries(open_request):
        assert re.match(r"(was|\w+ed|saw|found|set|made|withdrew|broke) ?", entry.did), entry.did
