from typing import TYPE_CHECKING

from django.urls import reverse

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.tests.detail.page import opened, press, signed_in, words_of
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def test_description_is_markdown_made_safe(fraud: "FakeRegistry", ada: "User") -> None:
    made = PromoteRequestFactory(actor=ada, description="**Deeper** <script>alert(1)</script>")
    html = opened(ada, made)
    assert "<strong>Deeper</strong>" in html
    assert "<script>alert" not in html


def test_timeline_tells_reviews_comments_and_events_in_order(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    services.comment(actor=by(grace), promote_request=open_request, body="First thought.")
    services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Second thought."
    )
    services.withdraw(actor=by(ada), promote_request=open_request, message="Third thought.")
    text = words_of(opened(grace, open_request))
    places = [text.index(words) for words in ("opened the request", "First", "Second", "Third")]
    assert places == sorted(places)
    assert text.count("grace commented") == 1
    assert text.count("grace asked for changes just now") == 1


def test_comment_comes_back_at_its_place(open_request: "PromoteRequest", ada: "User") -> None:
    response = press(ada, open_request, "comment", body="I will look.")
    comment = open_request.comments.get()
    assert response.status_code == 302
    assert response["Location"] == f"{open_request.get_absolute_url()}#comment-{comment.pk}"


def test_comment_by_htmx_returns_the_conversation_without_asking_mlflow(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User"
) -> None:
    fraud.calls.clear()
    response = signed_in(grace).post(
        reverse("promote_requests:review", args=[open_request.number]),
        {"verdict": "comment", "body": "I will *look*."},
        headers={"hx-request": "true"},
    )
    html = response.content.decode()
    assert response.status_code == 200
    assert html.lstrip().startswith('<section id="conversation"')
    assert "<em>look</em>" in html
    assert (response["HX-Retarget"], response["HX-Reselect"]) == ("#conversation", "#conversation")
    # What an approval would be of stays on the screen, and so does the field that says it.
    assert "seen_fingerprint" not in html
    assert 'id="body-field" hx-swap-oob="true">' in html
    assert fraud.calls == []


def test_empty_comment_is_refused_beside_the_box(open_request: "PromoteRequest", ada: "User") -> None:
    response = press(ada, open_request, "comment", body="  ")
    assert response.status_code == 400
    assert 'id="body-error" role="alert">Write a few words.' in response.content.decode()


def test_decision_by_htmx_leads_the_browser_to_the_page(open_request: "PromoteRequest", grace: "User") -> None:
    response = signed_in(grace).post(
        reverse("promote_requests:review", args=[open_request.number]),
        {"verdict": "request_changes", "body": "Why?"},
        headers={"hx-request": "true"},
    )
    assert response.status_code == 204
    assert response["HX-Redirect"] == open_request.get_absolute_url()


def test_mistake_in_the_field_does_not_move_the_page_to_its_top(open_request: "PromoteRequest", ada: "User") -> None:
    assert press(ada, open_request, "comment", body=" ")["HX-Reswap"] == "outerHTML"
    assert "HX-Reswap" not in press(ada, open_request, "promote")


def test_words_beside_a_button_that_is_gone_stand_in_the_field_for_comments(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    services.withdraw(actor=by(ada), promote_request=open_request)
    refused = press(grace, open_request, "close", reason="rejected", message="It is too slow.")
    assert refused.status_code == 409
    assert ">It is too slow.</textarea>" in refused.content.decode()


def test_page_costs_the_same_however_long_the_conversation(
    open_request: "PromoteRequest", grace: "User", django_assert_max_num_queries
) -> None:
    for number in range(10):
        services.comment(actor=by(UserFactory()), promote_request=open_request, body=f"{number}")
        services.review(actor=by(UserFactory()), promote_request=open_request, verdict=Verdict.COMMENT, body="Hm.")
    client = signed_in(grace)
    with django_assert_max_num_queries(46):
        assert client.get(open_request.get_absolute_url()).status_code == 200
