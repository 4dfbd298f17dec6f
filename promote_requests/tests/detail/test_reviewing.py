import re
from typing import TYPE_CHECKING, Any

import pytest

from promote_requests import services
from promote_requests.choices import CloseReason, Status, Verdict
from promote_requests.services.conversation.words import MAX_BODY
from promote_requests.tests.detail.page import fingerprint_of, opened, press, reloaded, words_of
from protection.models import ProtectionRule
from registry.proposals import Change
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def test_reviewer_is_told_what_is_missing_and_what_approval_does(open_request: "PromoteRequest", grace: "User") -> None:
    text = words_of(opened(grace, open_request))
    assert "1 more approval is needed, by somebody other than ada." in text
    assert "MLflow moves Fraud version 2 to Production and archives version 1." in text
    assert "Yes, approve and move version 2 to Production" in text


def test_approval_on_the_page_promotes_and_the_page_shows_the_past(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    response = press(grace, open_request, "review", verdict="approve", seen_fingerprint=fingerprint_of(open_request))
    assert response.status_code == 302
    assert reloaded(open_request).status == Status.PROMOTED
    assert fraud.get_version("Fraud", "2").stage == "Production"
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    text = words_of(opened(grace, open_request))
    assert "Fraud version 2 became Production, replacing version 1." in text
    assert "Below is what was true when it was promoted" in text
    assert "0.94" in text
    assert "Approve" not in text


def test_approval_that_waits_for_others_says_so(open_request: "PromoteRequest", grace: "User") -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    assert "changes nothing in MLflow yet" in opened(grace, open_request)
    press(grace, open_request, "review", verdict="approve", seen_fingerprint=fingerprint_of(open_request))
    text = words_of(opened(grace, reloaded(open_request)))
    assert "You approved this. The next approval has to come from somebody else." in text
    assert "1 more approval" in text


def test_approved_request_that_waits_for_a_press_is_promoted_by_it(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", ada: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    press(grace, open_request, "review", verdict="approve", seen_fingerprint=fingerprint_of(open_request))
    assert "Yes, move version 2 to Production" in words_of(opened(ada, reloaded(open_request)))
    assert press(ada, open_request, "promote").status_code == 302
    assert reloaded(open_request).status == Status.PROMOTED


def test_promotion_without_approval_is_refused_with_what_is_missing(
    open_request: "PromoteRequest", fraud: "FakeRegistry", ada: "User"
) -> None:
    response = press(ada, open_request, "promote")
    assert response.status_code == 409
    assert "1 more approval is needed" in words_of(response.content.decode())
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_own_request_cannot_be_approved_by_a_forged_form(
    open_request: "PromoteRequest", fraud: "FakeRegistry", ada: "User"
) -> None:
    response = press(ada, open_request, "review", verdict="approve", seen_fingerprint=fingerprint_of(open_request))
    assert response.status_code == 403
    assert "somebody else has to review it" in response.content.decode()
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_one_form_takes_comment_and_verdict_and_no_other_button_approves(
    open_request: "PromoteRequest", grace: "User"
) -> None:
    html = opened(grace, open_request)
    assert html.count('value="approve"') == 1
    box = html[html.index('<form id="review-box"') :]
    assert box.index('name="body"') < box.index('value="approve"') < box.index("</form>")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": "stage:Production"}, "move version 2 to Production"),
        ({"target": "stage:Archived"}, "archive version 2"),
        ({"target": "alias:prod"}, "give @prod to version 2"),
        ({"target": "model:prod.fraud"}, "copy version 2 into prod.fraud"),
        ({"target": "alias:champion", "version": "1", "change": Change.REMOVE}, "remove @champion from version 1"),
    ],
)
def test_button_says_what_will_happen_in_mlflow(
    values: dict[str, Any], words: str, fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    made = PromoteRequestFactory(actor=ada, **values | {"target": Target.parse(values["target"])})
    assert f"Approve and {words}" in words_of(opened(grace, made))


@pytest.mark.parametrize("step", ["review", "promote", "submit"])
def test_what_decides_is_one_bar_that_stays_in_sight_on_a_phone(
    step: str, fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.update(promote_when="pressed")
    made = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Production"), draft=step == "submit")
    if step == "promote":
        services.review(actor=by(grace), promote_request=made, verdict=Verdict.APPROVE)
    html = opened(ada if step == "submit" else grace, made)
    bars = re.findall(r'<form id="([a-z]+)-(?:form|box)"[^>]*decision-bar"', html)
    assert bars == [step]


def test_button_promises_no_more_than_an_approval_where_others_are_needed(
    open_request: "PromoteRequest", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    text = words_of(opened(grace, open_request))
    assert "Approve and" not in text
    assert re.search(r">Approve</button>", opened(grace, open_request))


@pytest.mark.parametrize(
    ("name", "data", "status"), [("review", {"verdict": "great"}, 400), ("close", {"reason": "boredom"}, 400)]
)
def test_value_outside_the_vocabulary_is_refused(
    name: str, data: dict[str, str], status: int, open_request: "PromoteRequest", grace: "User"
) -> None:
    assert press(grace, open_request, name, **data).status_code == status
    assert reloaded(open_request).status == Status.OPEN


def test_an_objection_is_dismissed_on_the_page_by_who_has_the_right_and_stays_in_the_story(
    open_request: "PromoteRequest", grace: "User"
) -> None:
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Show the recall."
    )
    root = AdministratorFactory(username="root")
    assert "Dismiss this objection" not in opened(UserFactory(), open_request)
    assert "Dismiss this objection" in opened(root, open_request)
    review = open_request.reviews.get()
    assert press(root, open_request, "dismiss", review=review.pk, reason="Answered in the meeting.").status_code == 302
    html = opened(grace, open_request)
    assert "Show the recall." in html
    assert "of grace: Answered in the meeting." in html
    assert "1 more approval is needed" in html
    refused = press(root, open_request, "dismiss", review="no number", reason="Again.")
    assert (refused.status_code, "does not block" in refused.content.decode()) == (409, True)
    still_open = words_of(opened(grace, open_request))
    services.close(actor=by(root), promote_request=reloaded(open_request), reason=CloseReason.REJECTED)
    for text in (still_open, words_of(opened(grace, open_request))):
        assert "(dismissed)" in text
        assert "No review that was given counts: they are in the conversation" in text
        assert "Nobody has judged it" not in text


def test_a_refused_dismissal_keeps_its_words_and_opens_no_other_form(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    root = AdministratorFactory(username="root")
    services.ask(actor=by(ada), promote_request=open_request, users=["root"], groups=[])
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    review = open_request.reviews.get()
    for words in ("", "x" * (MAX_BODY + 1)):
        refused = press(root, open_request, "dismiss", review=review.pk, reason=words)
        html = refused.content.decode()
        assert refused.status_code == 400
        assert "Decline this review" in html
        assert not re.findall(r"<details[^>]* open", html)
        assert words in html


def test_a_request_for_changes_tells_its_author_what_to_do_and_offers_its_reviewer_no_approval_first(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Show the recall."
    )
    adas, graces, others = opened(ada, open_request), opened(grace, open_request), opened(UserFactory(), open_request)
    assert "grace asked for changes: read why in the conversation." in words_of(adas)
    assert "the request goes on when grace approves." in words_of(adas)
    assert "somebody else has to review" not in adas
    assert "You asked for changes. When they are made, approve below." in words_of(graces)
    assert "decision-bar" not in graces
    assert graces.index(">Comment</button>") < graces.index('value="approve"')
    assert others.index('value="approve"') < others.index(">Comment</button>")


def test_who_approved_before_an_edit_is_named_with_what_changed(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    services.edit(actor=by(ada), promote_request=open_request, title="Deeper still", description="With <i>more</i>.")
    html = opened(grace, open_request)
    assert "grace approved before title and description were edited." in html
    assert f"The title was: {open_request.title}" in html
    assert '<span class="visually-hidden">added: </span></span><span>With &lt;i&gt;more&lt;/i&gt;.</span>' in html


@pytest.mark.parametrize(
    ("title", "description", "what"),
    [
        ("Another title", "The same words.", "the title was edited"),
        ("The same title", "Other words.", "the description was edited"),
        ("Another title", "Other words.", "title and description were edited"),
    ],
)
def test_an_edit_is_called_by_what_it_changed_on_page_and_by_api(
    fraud: "FakeRegistry", ada: "User", grace: "User", title: str, description: str, what: str
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(
        promote_when="pressed", conditions={"approvals": 1, "present_text": True}
    )
    asked = PromoteRequestFactory(actor=ada, title="The same title", description="The same words.")
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    services.edit(actor=by(ada), promote_request=asked, title=title, description=description)
    said = f"grace approved before {what}: a fresh look is needed."
    assert said in words_of(opened(grace, asked))
    assert said in str(Api(grace).get(f"promote-requests/{asked.number}/").json()["unmet"])
    services.edit(actor=by(ada), promote_request=asked, title="The same title", description=description)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    assert not services.decision_of(reloaded(asked)).unmet


def test_who_says_that_they_approved_the_words_of_a_draft_is_shown_what_changed_since_it_was_submitted(
    fraud: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    ProtectionRule.objects.update(promote_when="pressed")
    draft = PromoteRequestFactory(actor=ada, draft=True, description="Kept to myself.")
    services.edit(actor=by(ada), promote_request=draft, title="Live", description="For others.")
    asked = services.submit(actor=by(ada), promote_request=draft)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE, seen_text_revision=1)
    assert "before the description was edited" not in words_of(opened(grace, asked))
    services.edit(actor=by(ada), promote_request=asked, title="Live", description="Once more.")
    text = words_of(opened(grace, asked))
    assert "grace approved before the description was edited. What changed" in text
    assert ("For others." in text, "Kept to myself." in text) == (True, False)


def test_an_old_page_approves_the_words_that_it_showed(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    assert 'name="seen_text_revision"' in opened(grace, open_request)
    ProtectionRule.objects.update(promote_when="pressed")
    services.edit(actor=by(ada), promote_request=open_request, title="Other", description="Other words.")
    press(grace, open_request, "review", verdict="approve", seen_text_revision="1")
    assert "grace approved before title and description were edited." in words_of(opened(grace, open_request))
