"""What an author took out of a draft before it was submitted is shown to nobody afterwards."""

import pytest

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.models import FormerText
from promote_requests.tests.hands.people import drafted, fresh, rule, signed_in
from testing.api_client import Api
from testing.people import by

pytestmark = pytest.mark.django_db
SECRET = "Kepler-22b"
QUESTION = "Where was it trained?"


@pytest.fixture(params=["submit", "reopen"])
def shown(request, ada):
    """Shows a draft to everybody, at once or after it was withdrawn, and gives it as it is then."""

    def show(draft):
        if request.param == "reopen":
            services.withdraw(actor=by(ada), promote_request=fresh(draft))
        getattr(services, request.param)(actor=by(ada), promote_request=fresh(draft))
        return fresh(draft)

    return show


def all_that_is_read_of(asked, reader):
    page, api = signed_in(reader), Api(reader)
    address = f"promote-requests/{asked.number}"
    read = [page.get(asked.get_absolute_url())]
    read += [api.get(f"{address}/{part}") for part in ("", "threads/")]
    assert [answer.status_code for answer in read] == [200] * len(read)
    told = AuditEvent.objects.filter(promote_request=asked).values_list("reason", flat=True)
    return "\n".join([*(answer.content.decode() for answer in read), *told])


def test_what_its_description_said_and_how_it_was_called(fraud, ada, grace, shown):
    draft = drafted(ada, description=f"For {SECRET}.")
    for title in (f"To {SECRET}", "Ready"):
        services.edit(actor=by(ada), promote_request=fresh(draft), title=title, description="")
    asked = shown(draft)
    assert SECRET not in all_that_is_read_of(asked, grace)
    assert not FormerText.objects.exists()
    services.edit(actor=by(ada), promote_request=asked, title="Ready", description="For review.")
    services.edit(actor=by(ada), promote_request=asked, title="Ready", description="For you.")
    assert "the description was: For review." in AuditEvent.objects.latest("pk").reason
    assert [text.description for text in FormerText.objects.all()] == ["", "For review."]


def test_what_a_comment_said_before_it_was_reworded(fraud, ada, grace, shown):
    draft = drafted(ada)
    comment = services.comment(actor=by(ada), promote_request=draft, body=f"For {SECRET}.").pk
    services.edit_comment(actor=by(ada), promote_request=draft, comment=comment, body="For all of you.")
    asked = shown(draft)
    assert SECRET not in all_that_is_read_of(asked, grace)
    services.edit_comment(actor=by(ada), promote_request=asked, comment=comment, body="For most of you.")
    found = Api(grace).get(f"promote-requests/{asked.number}/threads/").json()["results"][0]["comments"][0]
    assert (found["body"], found["earlier"]) == ("For most of you.", ["For all of you."])


def test_what_was_answered_before_the_answer_that_was_submitted(fraud, ada, grace, shown):
    rule(conditions={"approvals": 1, "questions": [{"question": QUESTION, "type": "text"}]})
    draft = drafted(ada)
    key = services.requirement_of(draft).questions[0].key
    for answer in (f"On {SECRET}.", "At home."):
        services.answer(actor=by(ada), promote_request=fresh(draft), answers={key: answer})
    asked = shown(draft)
    assert SECRET not in all_that_is_read_of(asked, grace)
    told = AuditEvent.objects.filter(action=AuditAction.ANSWERED).order_by("pk").values_list("reason", flat=True)
    assert list(told) == ["", "", f"“{QUESTION}” At home."]
    services.answer(actor=by(ada), promote_request=asked, answers={key: "In Berlin."})
    found = Api(grace).get(f"promote-requests/{asked.number}/").json()["questions"][0]["answers"]
    assert [one["answer"] for one in found] == ["At home.", "In Berlin."]
