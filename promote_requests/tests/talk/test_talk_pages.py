"""The conversation on the request's page and in the admin: who sees which form, and what an answer replaces."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.browsers.htmx import HEADER, Answer
from promote_requests import services
from promote_requests.models import Comment, Thread
from promote_requests.pages.talk.threads import row_id
from promote_requests.services.conversation.anchoring import has_moved
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, by
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true", "accept": "text/html, */*"}


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def text(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def page(user, promote_request):
    return signed_in(user).get(promote_request.get_absolute_url()).content.decode()


def send(user, name, *parts, headers=None, **values):
    return signed_in(user).post(reverse(f"promote_requests:{name}", args=parts), values, headers=headers)


@pytest.fixture
def question(open_request, grace):
    """Gives grace's blocking thread about the metric auc."""
    return services.comment(
        actor=by(grace),
        promote_request=open_request,
        body="Which data?",
        anchor_kind="metric",
        anchor_key="auc",
        is_blocking=True,
    ).thread


def test_a_row_leads_to_its_threads_and_to_the_form(open_request, grace, question):
    html = page(grace, open_request)
    assert f'id="{row_id("metric", "auc")}"' in html
    assert f'<a class="talk-mark tone-bad" href="#thread-{question.pk}">' in html
    assert "1 blocking thread on metric auc" in html
    form = (
        f"{reverse('promote_requests:new_thread', args=[open_request.pk])}?anchor_kind=parameter&amp;anchor_key=depth"
    )
    assert f'href="{form}"' in html
    assert "On metric auc , then 0.94 (champion: 0.91)" in text(html)


def test_a_row_that_says_something_else_now_says_so_in_the_thread(open_request, grace, fraud, question):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.95})
    response = signed_in(grace).post(reverse("promote_requests:now", args=[open_request.pk]))
    said = text(response.content.decode())
    assert "then 0.94 (champion: 0.91) It has changed since: now 0.95 (champion: 0.91)." in said
    assert Thread.objects.get().anchor_value == "0.94 (champion: 0.91)"


def test_a_row_that_is_gone_is_told_in_the_thread(open_request, grace, fraud):
    fraud.change_facts("Fraud", "2", params={"gone": "1"})
    signed_in(grace).post(reverse("promote_requests:now", args=[open_request.pk]))
    services.comment(
        actor=by(grace), promote_request=open_request, body="Hm.", anchor_kind="parameter", anchor_key="gone"
    )
    fraud._stored("Fraud", "2").params.pop("gone")
    response = signed_in(grace).post(reverse("promote_requests:now", args=[open_request.pk]))
    assert "The comparison has no such row any more." in text(response.content.decode())


@pytest.mark.parametrize(
    ("then", "now", "moved"),
    [
        ("10 bytes", "10 bytes", False),
        ("10 bytes", "10 bytes, sha256 ab", False),
        ("10 bytes, sha256 ab", "10 bytes", False),
        ("10 bytes", "11 bytes, sha256 ab", True),
        ("10 bytes, sha256 ab", "10 bytes, sha256 ac", True),
        ("10 bytes", None, True),
    ],
)
def test_a_file_whose_digest_was_taken_meanwhile_is_the_same(then, now, moved):
    assert has_moved("file", then, now) is moved


def test_a_line_of_a_prompt_can_be_commented_on(registry, ada, grace):
    registry.add_version("greeting", prompt_text="Hello\nBe kind.", aliases=("live",))
    registry.add_version("greeting", prompt_text="Hi\nBe kind.")
    asked = PromoteRequestFactory(actor=ada, model_name="greeting", target=Target.parse("alias:live"))
    for line, says in (
        ("Hi", "in the challenger"),
        ("Hello", "in the champion alone"),
        ("Be kind.", "in both versions"),
    ):
        thread = services.comment(
            actor=by(grace), promote_request=asked, body="Hm.", anchor_kind="prompt", anchor_key=line
        ).thread
        assert thread.anchor_value == says
    html = page(grace, asked)
    assert "1 thread on line of the prompt Hi" in html
    assert "Comment on line of the prompt Be kind." in html


def test_a_whole_prompt_has_its_lines(registry, ada, grace):
    registry.add_version("greeting", prompt_text="Hello\nBe kind.")
    asked = PromoteRequestFactory(actor=ada, model_name="greeting", version="1", target=Target.parse("alias:live"))
    assert "Comment on line of the prompt Be kind." in page(grace, asked)


def test_pages_without_a_conversation_have_no_marks(open_request, grace):
    html = signed_in(grace).get("/checkpoint/compare/?model=Fraud&version=2&with=1").content.decode()
    assert "auc" in html
    assert "talk" not in html.replace("talk.css", "").replace("talk.js", "")


def test_who_may_not_resolve_has_no_button_and_reads_who_may(open_request, ada, grace, question):
    assert "It blocks your own request: grace, or somebody who may review" in page(ada, open_request)
    address = reverse("promote_requests:resolve", args=[open_request.pk, question.pk])
    assert address not in page(ada, open_request)
    assert address in page(grace, open_request)


def test_only_ones_own_words_have_a_form(open_request, ada, grace, question):
    comment = question.comments.get()
    address = reverse("promote_requests:edit_comment", args=[open_request.pk, comment.pk])
    assert address in page(grace, open_request)
    assert address not in page(ada, open_request)


def test_earlier_words_and_stones_are_shown(open_request, ada, grace, question):
    comment = question.comments.get()
    services.edit_comment(actor=by(grace), promote_request=open_request, comment=comment.pk, body="Which months?")
    reply = services.reply(actor=by(ada), promote_request=open_request, thread=question.pk, body="A secret.")
    services.delete_comment(actor=by(ada), promote_request=open_request, comment=reply.pk)
    for html in (page(grace, open_request), desk(open_request)):
        said = text(html)
        assert "grace commented just now , edited" in said
        assert "Which data?" in said
        assert "Which months?" in said
        assert "ada replied just now . Deleted by ada just now ." in said
        assert "A secret." not in said


def desk(promote_request):
    root = AdministratorFactory()
    return (
        signed_in(root)
        .get(f"/checkpoint/admin/promote_requests/promoterequest/{promote_request.pk}/change/")
        .content.decode()
    )


def test_the_desk_shows_the_threads_and_leads_to_the_portal_for_answers(open_request, question):
    html = desk(open_request)
    assert "Which data?" in html
    assert "Blocking" in text(html)
    assert "Answer or settle it in the portal" in html
    assert reverse("promote_requests:resolve", args=[open_request.pk, question.pk]) not in html
    assert "talk-add" not in html


def test_without_htmx_every_form_leads_back_to_its_place(open_request, grace, question):
    comment = question.comments.get()
    number, base = open_request.pk, open_request.get_absolute_url()
    for name, pk, place, values in (
        ("reply", question.pk, "#comment-", {"body": "Hm."}),
        ("resolve", question.pk, f"#thread-{question.pk}", {}),
        ("unresolve", question.pk, f"#thread-{question.pk}", {}),
        ("edit_comment", comment.pk, f"#comment-{comment.pk}", {"body": "Or?"}),
        ("delete_comment", comment.pk, f"#comment-{comment.pk}", {}),
    ):
        response = send(grace, name, number, pk, **values)
        assert response.status_code == 302, name
        assert response["Location"].startswith(f"{base}{place}")
        again = signed_in(grace).get(reverse(f"promote_requests:{name}", args=[number, pk]))
        assert (again.status_code, again["Location"].partition("#")[0]) == (302, base)


def test_what_htmx_gets_replaces_the_conversation_and_keeps_other_forms(open_request, grace, question):
    response = send(grace, "reply", open_request.pk, question.pk, headers=HTMX, body="Hm.")
    html = response.content.decode()
    assert (response["HX-Retarget"], response[HEADER]) == ("#conversation", Answer.PAGE)
    reply = Comment.objects.latest("pk")
    assert response["X-Checkpoint-Place"] == f"comment-{reply.pk}"
    sent, other = (
        re.search(rf'<details id="{name}"[^>]*>', html)[0] for name in (f"reply-{question.pk}", f"edit-{reply.pk}")
    )
    assert ("hx-preserve" in sent, "hx-preserve" in other) == (False, True)
    assert f'id="{row_id("metric", "auc")}" hx-swap-oob="true"' in html
    assert 'id="status"' not in html, "a reply changes nothing that is missing"


def test_settling_shows_what_is_missing_anew(open_request, grace, question):
    html = send(grace, "resolve", open_request.pk, question.pk, headers=HTMX).content.decode()
    assert re.search(r'<aside[^>]*id="status"[^>]*hx-swap-oob="true"', html)
    assert "1 more approval is needed" in html


def test_a_refusal_is_said_beside_the_form(open_request, ada, grace, question):
    response = send(ada, "resolve", open_request.pk, question.pk, headers=HTMX)
    assert (response.status_code, response[HEADER]) == (403, Answer.REFUSED)
    assert response.content.decode().startswith("It blocks your own request")
    response = send(grace, "reply", open_request.pk, question.pk, headers=HTMX, body=" ")
    assert (response.status_code, response.content.decode()) == (400, "Write a few words.")
    values = {"body": "x", "nature": "follow_up", "owner": "grace", "due_on": "31.12.2026"}
    response = send(grace, "comment", open_request.pk, headers=HTMX, **values)
    assert (response.status_code, response.content.decode()) == (400, "Write the day as 2026-12-31.")


@pytest.mark.parametrize("name", ["reply", "resolve", "unresolve", "edit_comment", "delete_comment"])
def test_who_is_signed_out_is_told_so_and_nothing_is_done(open_request, question, name):
    pk = question.comments.get().pk if name.endswith("comment") else question.pk
    response = Client().post(
        reverse(f"promote_requests:{name}", args=[open_request.pk, pk]), {"body": "x"}, headers=HTMX
    )
    assert (response.status_code, response[HEADER]) == (401, Answer.SIGNED_OUT)


@pytest.mark.parametrize("name", ["reply", "resolve", "edit_comment"])
def test_what_is_not_there_is_404(open_request, grace, name):
    response = send(grace, name, open_request.pk, 4711, headers=HTMX, body="x")
    assert (response.status_code, response[HEADER]) == (404, Answer.REFUSED)
    assert "4711" in response.content.decode()


def test_a_refused_form_without_a_script_keeps_all_that_was_typed(open_request, grace):
    values = {
        "body": "See to the slices.",
        "anchor_kind": "metric",
        "anchor_key": "auc",
        "nature": "follow_up",
        "owner": "nobody",
        "due_on": "2100-01-01",
    }
    response = send(grace, "comment", open_request.pk, **values)
    html = response.content.decode()
    assert response.status_code == 400
    assert "The day is today or later, and within three years." in html
    for kept in ("See to the slices.</textarea>", 'value="auc"', 'value="nobody"', 'value="2100-01-01"'):
        assert kept in html
    assert re.search(r'value="follow_up"\s+checked', html)
    assert "Open a thread on metric auc" in text(html)
    assert not Thread.objects.exists()


def test_a_page_costs_the_same_however_many_threads(open_request, grace, django_assert_max_num_queries):
    for number in range(15):
        thread = services.comment(
            actor=by(UserFactory()),
            promote_request=open_request,
            body=f"@grace {number}",
            is_blocking=number % 2 == 0,
            anchor_kind="metric",
            anchor_key="auc",
        ).thread
        reply = services.reply(actor=by(grace), promote_request=open_request, thread=thread.pk, body="Hm.")
        services.edit_comment(actor=by(grace), promote_request=open_request, comment=reply.pk, body="Hm!")
        services.resolve(actor=by(grace), promote_request=open_request, thread=thread.pk)
    client = signed_in(grace)
    with django_assert_max_num_queries(50):
        assert client.get(open_request.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"), [({"owner": "nobody"}, "owner"), ({"due_on": "soon"}, "due_on"), ({"body": " "}, "body")]
)
def test_what_is_wrong_with_a_follow_up_is_said_at_its_field_and_nothing_is_lost(open_request, grace, change, field):
    day = (timezone.now() + timedelta(days=9)).date().isoformat()
    sent = {"body": "Look at it.", "nature": "follow_up", "owner": "grace", "due_on": day} | change
    address = reverse("promote_requests:comment", args=[open_request.pk])
    answer = signed_in(grace).post(address, sent, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["X-Checkpoint-Field"]) == (400, field)
    html = signed_in(grace).post(address, sent).content.decode()
    assert html.count('aria-invalid="true"') == 1
    assert 'class="field-error"' in html
    assert all(f'value="{sent[name]}"' in html for name in ("owner", "due_on"))
