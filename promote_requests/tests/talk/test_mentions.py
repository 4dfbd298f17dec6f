"""Who is mentioned is found, told once, and finds it again; nobody else is."""

import pytest
from django.contrib.auth.models import Group

from accounts.directory import Known, Named, known, meant, named_in
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput
from notifications.choices import Event, Kind, Way
from notifications.inbox.channel import Inbox
from notifications.models import Message, Notice
from notifications.people.audience import told
from notifications.people.subscriptions import follow_request, prefer
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.inbox import mentions_of
from promote_requests.models import Mention
from promote_requests.pages.markdown import people_in, render
from promote_requests.services.conversation.words import prose
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def linus(db):
    return UserFactory(username="linus")


@pytest.fixture
def risk(linus):
    group = Group.objects.create(name="Risk officers")
    linus.groups.add(group)
    UserFactory(username="gone", is_active=False).groups.add(group)
    return group


def said(promote_request, actor, body):
    return services.comment(actor=by(actor), promote_request=promote_request, body=body)


def mentioned(place):
    return sorted(place.mentions.values_list("mentioned__username", flat=True))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ask @grace", {"grace"}),
        ("(@Grace)", {"grace"}),
        ("@grace. And @linus, please", {"grace", "linus"}),
        ("@grace@linus", set()),
        ("mail grace@linus or x/@grace", set()),
        ("`@grace` and\n\n    @linus\n\n```\n@grace\n```", set()),
        ("[@grace](https://e.org) ![@linus](/a.png)", set()),
        ("**@grace** _@linus_ ~~@grace~~", {"grace", "linus"}),
        ("- [ ] @grace\n\n> @linus\n\n| a |\n| - |\n| @grace |", {"grace", "linus"}),
        ("@gone @nobody @", set()),
        ('@group:"Risk officers"', {"linus"}),
        ('@group:"risk OFFICERS" @grace', {"linus", "grace"}),
        ("@group:Risk officers", set()),
        ("@group:grace", set()),
    ],
)
def test_who_is_meant_by_a_text(grace, linus, risk, text, names):
    found = meant(named_in(prose(text)))
    assert found == {person.pk for person in (grace, linus) if person.username in names}


def test_the_names_of_a_page_are_looked_up_in_two_queries(grace, risk, django_assert_num_queries):
    texts = ["@grace", "@linus `@ada`", '@group:"Risk officers"', "nothing"] * 50
    with django_assert_num_queries(2):
        assert people_in(texts) == Known(frozenset({"grace", "linus"}), frozenset({"risk officers"}))
    with django_assert_num_queries(0):
        people_in(["nothing", "of `@this`", "a@b"])
    assert len(named_in(["".join(f" @person{number}" for number in range(5_000))])) == 500
    assert known([Named(False, "grace")]).has(Named(False, "grace"))


def test_a_mention_is_a_link_and_a_group_a_chip(grace, risk):
    text = '@Grace and @group:"Risk officers", not `@grace` or @nobody'
    html = render(text, people_in([text]))
    assert '<a href="/checkpoint/?q=author%3Agrace" rel="nofollow noopener noreferrer">' in html
    assert '<span class="mention">@Grace</span></a>' in html
    assert '<span class="mention">@group:"Risk officers"</span>' in html.replace("&quot;", '"')
    assert "<code>@grace</code>" in html
    assert html.count('class="mention"') == 2


def test_who_is_mentioned_is_told_once_and_of_nothing_twice(open_request, ada, grace, linus):
    follow_request(actor=by(linus), number=open_request.number, is_muted=False)
    comment = said(open_request, grace, "@linus, @ada and @grace: look.")
    assert mentioned(comment) == ["ada", "linus"]
    messages = list(Message.objects.filter(event__in=[Event.COMMENTED, Event.MENTIONED]))
    assert [message.event for message in messages] == [Event.COMMENTED, Event.MENTIONED]
    assert sorted((each.message.event, each.person) for each in told(messages)) == sorted(
        (Event.MENTIONED, person.pk) for person in (ada, linus)
    )
    payload = messages[-1].payload
    assert payload["sentence"].startswith(f"grace mentions ada and linus in #{open_request.number}: Fraud version 2")
    assert (payload["people"], payload["words"]) == (["ada", "linus"], "@linus, @ada and @grace: look.")
    assert AuditEvent.objects.get(action=AuditAction.MENTIONED).reason == "ada and linus"

    services.edit_comment(
        actor=by(grace), promote_request=open_request, comment=comment.pk, body="@linus, @ada: look again."
    )
    assert Message.objects.filter(event=Event.MENTIONED).count() == 1, "they were told of this place already"


def test_who_wants_to_hear_of_no_mention_still_hears_of_comments(open_request, grace, linus):
    follow_request(actor=by(linus), number=open_request.number, is_muted=False)
    prefer(actor=by(linus), ways={Kind.YOURS: Way.NOTHING})
    said(open_request, grace, "@linus: look.")
    heard = [(each.message.event, each.person) for each in told(list(Message.objects.all()))]
    assert (Event.COMMENTED, linus.pk) in heard
    assert (Event.MENTIONED, linus.pk) not in heard


def test_who_muted_the_request_hears_of_no_comment_but_of_what_is_said_to_them_by_name(open_request, grace, linus):
    follow_request(actor=by(linus), number=open_request.number, is_muted=True)
    said(open_request, grace, "Look.")
    said(open_request, grace, "@linus: look.")
    heard = [each.message.event for each in told(list(Message.objects.all())) if each.person == linus.pk]
    assert heard == [Event.MENTIONED]
    assert mentions_of(linus).count() == 1


def test_a_mention_is_new_in_the_inbox_until_the_request_is_looked_at(open_request, grace, linus, client):
    said(open_request, grace, "@linus: look.")
    Inbox().spread(list(Message.objects.all()))
    notice = Notice.objects.get(reader=linus, event=Event.MENTIONED)
    assert (notice.kind, notice.request_number) == (Kind.YOURS, open_request.number)
    client.force_login(linus)
    page = client.get("/checkpoint/inbox/").content.decode()
    assert f"grace mentions linus in #{open_request.number}" in page
    assert '<h2 id="mentions">Where you are mentioned</h2>' in page
    client.get(open_request.get_absolute_url())
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_an_edit_tells_who_is_new_in_it(open_request, grace, linus):
    comment = said(open_request, grace, "Look.")
    services.edit_comment(actor=by(grace), promote_request=open_request, comment=comment.pk, body="@linus: look.")
    message = Message.objects.get(event=Event.MENTIONED)
    assert (message.audience, message.payload["words"]) == ({"only": [linus.pk]}, "@linus: look.")


def test_reviews_replies_and_descriptions_mention_too(fraud, ada, grace, linus):
    asked = PromoteRequestFactory(actor=ada, description="For @linus.")
    assert mentioned(asked) == ["linus"]
    services.edit(actor=by(ada), promote_request=asked, title="Mine", description="For @linus and @grace.")
    assert mentioned(asked) == ["grace", "linus"]
    outcome = services.review(
        actor=by(grace), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="@linus knows."
    )
    assert mentioned(outcome.review) == ["linus"]
    thread = said(asked, grace, "Hm.").thread
    reply = services.reply(actor=by(ada), promote_request=asked, thread=thread.pk, body="@linus?")
    assert mentioned(reply) == ["linus"]
    assert not Mention.objects.filter(told_at=None).exists()


def test_a_draft_tells_nobody_until_it_is_submitted(fraud, ada, linus):
    draft = PromoteRequestFactory(actor=ada, draft=True, description="For @linus.")
    said(draft, ada, "A note for @linus.")
    assert not Mention.objects.exists()
    services.submit(actor=by(ada), promote_request=draft)
    assert [message.event for message in Message.objects.all()] == [Event.SUBMITTED, Event.MENTIONED]
    assert mentions_of(linus).count() == 2


def test_a_text_is_no_circular(open_request, grace):
    everybody = Group.objects.create(name="Everybody")
    everybody.user_set.set([UserFactory() for _ in range(51)])
    with pytest.raises(InvalidInput, match="This mentions 51 people, and at most 50 are told at once") as refused:
        said(open_request, grace, "@group:Everybody")
    assert refused.value.field == "body"
    assert not open_request.comments.exists()


def test_the_inbox_lists_mentions_of_what_one_may_see(open_request, ada, grace, linus):
    first = said(open_request, grace, "@linus: one.")
    second = said(open_request, grace, "@linus: two.")
    services.delete_comment(actor=by(grace), promote_request=open_request, comment=first.pk)
    (found,) = mentions_of(linus)
    assert found.get_absolute_url() == f"{open_request.get_absolute_url()}#comment-{second.pk}"
    assert not mentions_of(ada).exists()


# -- what a field offers ---------------------------------------------------------------------------------------------


def offers(person, search=None):
    return Api(person).get("mentions/", **({} if search is None else {"search": search}))


def test_a_few_people_and_groups_are_offered_by_the_beginning_of_their_names(ada, grace, risk):
    for number in range(20):
        UserFactory(username=f"group-{number:02}")
    found = offers(grace, "GR").json()["results"]
    assert found[0] == {"name": "grace", "kind": "person", "text": "@grace"}
    assert len(found) == 6
    assert offers(grace, "risk").json()["results"] == [
        {"name": "Risk officers", "kind": "group", "text": '@group:"Risk officers"'}
    ]
    assert offers(grace, "offi").json()["results"][0]["name"] == "Risk officers"
    assert "gone" not in offers(grace).content.decode()
    assert len(offers(grace).json()["results"]) == 7


def test_groups_of_nobody_and_names_that_cannot_be_written_are_not_offered(grace):
    Group.objects.create(name="Empty")
    grace.groups.add(Group.objects.create(name='The "best"'))
    assert offers(grace, "empty").json()["results"] == []
    assert offers(grace, "the").json()["results"] == []


@pytest.mark.parametrize("search", ["x" * 151, "a\x00b"])
def test_a_search_that_cannot_be_is_refused(grace, search):
    assert offers(grace, search).status_code == 400


def test_only_who_is_signed_in_may_ask(client, db):
    assert client.get("/checkpoint/api/mentions/", {"search": "a"}).status_code == 401


def test_unknown_words_in_the_search_are_refused(grace):
    assert Api(grace).get("mentions/", q="a").status_code == 400
