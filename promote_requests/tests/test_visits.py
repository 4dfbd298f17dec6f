"""What a request's page says is new for whoever reads it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.choices import AuditAction
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest, Visit
from promote_requests.sentences.visits import happened, since_last_look
from promote_requests.services.visiting import last_look, look, news_since
from protection import rules
from protection.models import ProtectionRule
from testing.people import AdministratorFactory, UserFactory, by

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _opened(user: User, promote_request: PromoteRequest, **headers: str) -> str:
    return _as(user).get(promote_request.get_absolute_url(), headers=headers).content.decode()


def _looked(user: User, promote_request: PromoteRequest, *, ago: timedelta) -> None:
    """Has somebody looked once, so long ago."""
    Visit.objects.update_or_create(
        promote_request=promote_request,
        reader=user,
        defaults={"last_at": timezone.now() - ago, "previous_at": None},
    )


def _told(user: User, promote_request: PromoteRequest) -> tuple[str, ...]:
    news = news_since(promote_request, reader_id=user.pk)
    return news.told if news else ()


def test_a_first_visit_has_nothing_new(open_request, grace) -> None:
    services.comment(actor=by(UserFactory()), promote_request=open_request, body="A remark.")
    page = _opened(grace, open_request)
    assert "Since you last looked" not in page
    assert 'class="row-new"' not in page
    assert Visit.objects.get().reader == grace


def test_a_later_visit_says_what_changed_and_marks_it(open_request, fraud, ada, grace) -> None:
    _looked(grace, open_request, ago=HOUR)
    services.edit(actor=by(ada), promote_request=open_request, title="Deeper trees", description="Because <b>why</b>.")
    for body in ("One.", "Two."):
        services.comment(actor=by(UserFactory()), promote_request=open_request, body=body)
    services.review(actor=by(UserFactory()), promote_request=open_request, verdict=Verdict.COMMENT, body="Hm.")
    page = _opened(grace, open_request)
    assert "UTC: the title changed, the description changed, 2 comments, 1 review." in page
    assert "The title was: Put the retrained model live" in page
    assert page.count('<span class="row-new">New</span>') == 5  # its opening is as young
    assert "&lt;b&gt;why" in page


def test_it_says_the_same_after_a_reload_until_a_new_visit_begins(open_request, grace) -> None:
    _looked(grace, open_request, ago=HOUR)
    services.comment(actor=by(UserFactory()), promote_request=open_request, body="A remark.")
    for _ in range(3):
        assert "UTC: 1 comment." in _opened(grace, open_request)
    Visit.objects.update(last_at=timezone.now() + MINUTE - HOUR / 2)
    assert "UTC: 1 comment." in _opened(grace, open_request)
    Visit.objects.update(last_at=timezone.now() + HOUR)
    Visit.objects.update(previous_at=timezone.now())
    assert "Since you last looked" not in _opened(grace, open_request)


def test_the_answer_of_mlflow_says_so_too_and_is_no_visit(open_request, fraud, grace) -> None:
    ProtectionRule.objects.update(conditions={"approvals": 2})
    _looked(grace, open_request, ago=HOUR)
    _opened(grace, open_request)
    services.review(actor=by(UserFactory()), promote_request=open_request, verdict=Verdict.APPROVE)
    before = Visit.objects.values().get()
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    answer = _as(grace).post(f"{open_request.get_absolute_url()}now/").content.decode()
    assert "UTC: evidence changed, 1 review." in answer
    assert Visit.objects.values().get() == before


def test_what_one_does_oneself_is_not_new_and_ends_the_visit_before(open_request, ada, grace) -> None:
    _looked(grace, open_request, ago=HOUR)
    services.comment(actor=by(ada), promote_request=open_request, body="Before.")
    services.comment(actor=by(grace), promote_request=open_request, body="An answer.")
    assert _told(grace, open_request) == ()
    services.comment(actor=by(ada), promote_request=open_request, body="After.")
    assert _told(grace, open_request) == ("1 comment",)
    assert _told(ada, open_request) == ()


def test_it_is_written_at_most_once_a_minute(open_request, grace, django_assert_num_queries) -> None:
    look(actor=by(grace), promote_request=open_request)
    with django_assert_num_queries(1):
        look(actor=by(grace), promote_request=open_request)
    _looked(grace, open_request, ago=MINUTE)
    with django_assert_num_queries(2):
        look(actor=by(grace), promote_request=open_request)
    assert last_look(grace.pk, open_request) is None
    assert timezone.now() - Visit.objects.get().last_at < MINUTE


@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"HX-Request": "true"}]
)
def test_what_nobody_looks_at_is_no_visit(open_request, grace, headers) -> None:
    _opened(grace, open_request, **headers)
    _as(grace).head(open_request.get_absolute_url())
    assert not Visit.objects.exists()


def test_nobody_else_is_told_who_looked(open_request, ada, grace) -> None:
    linus = UserFactory(username="linus-who-looks")
    _opened(linus, open_request)
    User.objects.filter(pk=linus.pk).update(is_active=False)  # or the page names who could still approve
    root = AdministratorFactory(username="root")
    for user in (ada, grace, root):
        assert "linus-who-looks" not in _opened(user, open_request)
    assert _told(ada, open_request) == ()


def test_a_change_of_the_rule_is_told_unless_it_is_another_requests(open_request, grace) -> None:
    root = AdministratorFactory(username="root")
    _looked(grace, open_request, ago=HOUR)
    _opened(grace, open_request)
    other = ProtectionRule(target_pattern="alias:live", conditions={"approvals": 1})
    rules.save_rule(actor=by(root), rule=other)
    assert _told(grace, open_request) == ()
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    rule.conditions = {"approvals": 2}
    rules.save_rule(actor=by(root), rule=rule)
    assert _told(grace, open_request) == ("the rule changed",)


def test_who_approved_other_facts_is_led_to_the_comparison_with_them(open_request, fraud, ada, grace) -> None:
    ProtectionRule.objects.update(conditions={"approvals": 2})
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    digest = open_request.reviews.get().evidence_digest
    assert "You approved other facts" not in _opened(grace, open_request)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    page = _as(grace).post(f"{open_request.get_absolute_url()}now/").content.decode()
    assert f"{open_request.get_absolute_url()}evidence/{digest}/now/" in page
    assert "You approved other facts" not in _opened(ada, open_request)


def test_the_past_costs_the_same_however_much_happened(open_request, grace, django_assert_max_num_queries) -> None:
    _looked(grace, open_request, ago=HOUR)
    _opened(grace, open_request)
    for _ in range(6):
        services.comment(actor=by(UserFactory()), promote_request=open_request, body="A remark.")
    with django_assert_max_num_queries(5):
        assert _told(grace, open_request) == ("6 comments",)


def test_what_happens_to_a_request_is_told_in_words() -> None:
    told = happened(
        {AuditAction.CLOSED: 1, AuditAction.COMMENTED: 2, AuditAction.GLASS_BROKEN: 1, AuditAction.CHECK_REQUESTED: 1},
        title_changed=False,
        description_changed=True,
        rule_changed=True,
    )
    assert told == [
        "the description changed",
        "the rule changed",
        "2 comments",
        "the glass was broken",
        "it was closed",
    ]


def test_the_day_is_said_as_one_would() -> None:
    now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    said = [since_last_look(now - ago, ["2 comments"], now=now) for ago in (HOUR, 19 * HOUR, 48 * HOUR)]
    assert said == [
        "Since you last looked, today 08:00 UTC: 2 comments.",
        "Since you last looked, yesterday 14:00 UTC: 2 comments.",
        "Since you last looked, 2026-02-27 09:00 UTC: 2 comments.",
    ]
