"""Threads by the API, in the shape that docs/api.md promises."""

import pytest

from promote_requests import services
from promote_requests.models import Comment, Thread
from testing.api_client import Api, assert_refused
from testing.factories import PromoteRequestFactory, UserFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(grace):
    return Api(grace)


@pytest.fixture
def where(open_request):
    return f"promote-requests/{open_request.number}/"


def opened(api, where, **values):
    response = api.post(f"{where}threads/", {"body": "Why?"} | values)
    assert response.status_code == 201, response.content
    return response.json()


def test_a_thread_about_a_row_goes_from_open_to_resolved_and_back(api, where, open_request):
    thread = opened(api, where, anchor={"kind": "metric", "key": "auc"}, is_blocking=True)
    assert thread["anchor"] == {"kind": "metric", "key": "auc", "value": "0.94 (champion: 0.91)"}
    assert (thread["opener"], thread["is_blocking"], thread["is_resolved"]) == ("grace", True, False)
    one = f"{where}threads/{thread['id']}/"
    reply = api.post(f"{one}comments/", {"body": "Because."})
    assert (reply.status_code, reply.json()["thread"]) == (201, thread["id"])
    settled = api.post(f"{one}resolve/").json()
    assert settled["is_resolved"]
    assert [(change["by"], change["is_resolved"]) for change in settled["resolutions"]] == [("grace", True)]
    assert [comment["body"] for comment in settled["comments"]] == ["Why?", "Because."]
    assert_refused(api.post(f"{one}resolve/"), 409, "INVALID_STATE", "resolved already")
    assert not api.post(f"{one}unresolve/").json()["is_resolved"]
    codes = [missing["code"] for missing in api.get(where).json()["unmet"]]
    assert codes == ["approvals_missing"], "no rule asks for it"


def test_words_are_changed_and_taken_back(api, where):
    thread = opened(api, where)
    one = f"{where}threads/{thread['id']}/comments/{thread['comments'][0]['id']}/"
    edited = api.patch(one, {"body": "Why so deep?"}).json()
    assert (edited["body"], edited["earlier"]) == ("Why so deep?", ["Why?"])
    gone = api.delete(one).json()
    assert (gone["body"], gone["earlier"], gone["is_deleted"]) == ("", [], True)
    listed = api.get(f"{where}comments/").json()["results"]
    assert [(comment["body"], comment["is_deleted"]) for comment in listed] == [("", True)]
    assert Comment.objects.get().body == "Why?", "the record keeps it"


def test_the_list_has_pages_and_as_many_queries_however_long(
    api, where, open_request, django_assert_num_queries, django_assert_max_num_queries
):
    for number in range(30):
        thread = opened(api, where, body=f"{number}")
        services.reply(actor=by(UserFactory()), promote_request=open_request, thread=thread["id"], body="Hm.")
        services.resolve(actor=by(UserFactory()), promote_request=open_request, thread=thread["id"])
    with django_assert_max_num_queries(16):
        found = api.get(f"{where}threads/").json()
    assert (found["count"], len(found["results"])) == (30, 25)
    assert found["results"][0]["comments"][0]["body"] == "0"
    assert len(api.get(f"{where}threads/", page=2).json()["results"]) == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"body": ""}, "body"),
        ({"body": "x" * 65_537}, "body"),
        ({"body": 7, "more": 1}, "more"),
        ({"body": "x", "anchor": {"kind": "colour", "key": "auc"}}, "anchor.kind"),
        ({"body": "x", "anchor": {"kind": "metric"}}, "anchor.key"),
        ({"body": "x", "anchor": {"kind": "metric", "key": "f1"}}, "anchor_key"),
        ({"body": "x", "anchor": "auc"}, "anchor"),
        ({"body": "x", "is_blocking": "perhaps"}, "is_blocking"),
        ({"body": "x", "is_blocking": "yes"}, "is_blocking"),
        ({"body": "x", "owner": "nobody", "due_on": "2026-13-01"}, "due_on"),
        ({"body": "x", "owner": "grace"}, "due_on"),
        ({"body": "x", "due_on": "2000-01-01", "owner": "grace"}, "due_on"),
        ({"body": "a\x00b"}, "body"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(api, where, body, field):
    assert_refused(api.post(f"{where}threads/", body), 400, "INVALID_PARAMETER_VALUE", field=field)
    assert not Thread.objects.exists()


def test_what_is_not_there_is_404(api, where, open_request, fraud, ada):
    fraud.add_version("Fraud")
    other = PromoteRequestFactory(version="3")
    elsewhere = services.comment(actor=by(ada), promote_request=other, body="Hm.")
    thread = opened(api, where)
    for method, path in (
        ("POST", f"{where}threads/{elsewhere.thread_id}/comments/"),
        ("POST", f"{where}threads/{elsewhere.thread_id}/resolve/"),
        ("POST", f"{where}threads/{elsewhere.thread_id}/unresolve/"),
        ("PATCH", f"{where}threads/{thread['id']}/comments/{elsewhere.pk}/"),
        ("DELETE", f"{where}threads/{thread['id']}/comments/{elsewhere.pk}/"),
        ("POST", "promote-requests/4711/threads/"),
    ):
        assert api.send(method, path, '{"body": "x"}').status_code == 404, path


def test_another_ones_draft_has_no_threads(fraud, ada, api):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    services.comment(actor=by(ada), promote_request=draft, body="A note.")
    assert api.get(f"promote-requests/{draft.number}/threads/").status_code == 404
