import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models import F

from accounts.models import CacheRow
from audit.choices import AuditAction
from audit.signals import event_recorded
from registry import lists
from registry.exceptions import RegistryNotFound
from registry.lists import describing, kept, warm
from registry.types import RegisteredModel

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when a test moves it."""
    now = SimpleNamespace(seconds=1000.0)
    moved = SimpleNamespace(monotonic=lambda: now.seconds, time=lambda: time.time() + now.seconds, time_ns=time.time_ns)
    for module in (kept, describing, warm):
        monkeypatch.setattr(module, "time", moved)
    return now


@pytest.fixture
def slow(registry, clock):
    """A registry with one model, that takes as many seconds for each answer as `slow.seconds` says."""
    registry.add_version("Fraud", stage="Production")
    slow = SimpleNamespace(seconds=0.5, registry=registry)

    def pass_time():
        clock.seconds += slow.seconds

    for call in ("search_models", "get_model", "list_versions"):
        registry.before(call, pass_time)
    return slow


def calls(slow):
    return [call for call, _ in slow.registry.calls]


ASKS = [
    lambda: lists.Lists("").models("", limit=5),
    lambda: lists.Lists("").model("Fraud"),
    lambda: lists.Lists("").versions(RegisteredModel("Fraud"), limit=5),
]


@pytest.mark.parametrize("ask", ASKS)
def test_a_slow_answer_serves_for_half_a_minute(slow, ask):
    first = ask()
    assert ask() == first
    assert len(calls(slow)) == 1
    CacheRow.objects.update(expires=F("expires") - timedelta(seconds=kept.SERVES_SECONDS + 1))
    assert ask() == first
    assert len(calls(slow)) == 2


def test_a_quick_answer_is_asked_for_each_time(slow):
    slow.seconds = 0.19
    for _ in range(2):
        lists.Lists("").model("Fraud")
    assert len(calls(slow)) == 2


def test_an_answer_is_that_of_its_question(slow):
    found = lists.Lists("")
    for limit in (1, 2):
        found.models("", limit=limit)
        found.models("fr", limit=limit)
        found.versions(RegisteredModel("Fraud"), limit=limit)
        found.versions(RegisteredModel("Fraud"), limit=limit, below=1)
    assert len(calls(slow)) == 8


def test_a_failure_is_not_kept(slow):
    with pytest.raises(RegistryNotFound):
        lists.Lists("").model("Churn")
    slow.registry.add_version("Churn")
    assert lists.Lists("").model("Churn").name == "Churn"


@pytest.mark.parametrize(
    ("target", "asked_again"),
    [
        ("stage:Production", ["list_versions"]),
        ("alias:champion", ["search_models", "get_model", "list_versions"]),
        ("model:Other", ["search_models", "get_model", "list_versions"]),
    ],
)
def test_what_checkpoint_promotes_is_shown_at_once_in_every_process(slow, target, asked_again):
    for ask in ASKS:
        ask()
    slow.registry.calls.clear()
    event = SimpleNamespace(action=AuditAction.PROMOTED, workspace="", model_name="Fraud", target=target)
    event_recorded.send(sender=None, event=event)
    for ask in ASKS:
        ask()
    assert calls(slow) == asked_again


def test_a_model_is_taken_from_a_list_that_the_caller_has(slow):
    listed = lists.Lists("").models("", limit=5)
    assert lists.Lists("").model("Fraud", listed=listed) is listed[0]
    assert calls(slow) == ["search_models"]


def described(slow):
    return lists.described(slow.registry, "Fraud", workspace="")


def test_what_a_large_model_says_of_itself_serves_for_half_a_minute(slow):
    assert described(slow) == described(slow)
    assert calls(slow) == ["get_model"]
    CacheRow.objects.update(expires=F("expires") - timedelta(seconds=kept.SERVES_SECONDS + 1))
    described(slow)
    assert len(calls(slow)) == 2


def test_what_a_model_says_that_mlflow_shows_at_once_is_asked_for_each_time(slow):
    slow.seconds = 0.1
    described(slow)
    described(slow)
    assert len(calls(slow)) == 2


def test_a_change_that_is_passed_on_is_seen_at_once_however_long_mlflow_takes(slow):
    described(slow)
    lists.changes("", "Fraud")
    described(slow)
    slow.registry.set_model_tags("Fraud", {"checkpoint.metric.auc.direction": "lower"})
    assert described(slow).tags == {"checkpoint.metric.auc.direction": "lower"}
    assert len(calls(slow)) == 3


def test_a_look_that_was_under_way_when_a_change_was_passed_on_does_not_serve_later(slow):
    slow.registry.before("get_model", lambda: lists.changes("", "Fraud"))
    described(slow)
    described(slow)
    assert calls(slow).count("get_model") == 2


def test_what_people_look_at_is_asked_again_before_it_ends_and_nobody_waits(slow, clock):
    for ask in ASKS:
        ask()
    described(slow)
    slow.registry.calls.clear()
    warm.keep_warm()
    assert calls(slow) == []
    clock.seconds += warm.AGAIN_SECONDS
    warm.keep_warm()
    assert sorted(calls(slow)) == ["get_model", "get_model", "list_versions", "search_models"]
    slow.registry.calls.clear()
    for ask in ASKS:
        ask()
    described(slow)
    assert calls(slow) == []


@pytest.mark.parametrize("target", ["stage:Production", "alias:champion"])
def test_after_a_promotion_the_next_one_who_looks_need_not_wait_and_sees_it(slow, target):
    for ask in ASKS:
        ask()
    slow.registry.add_version("Fraud")
    event = SimpleNamespace(action=AuditAction.PROMOTED, workspace="", model_name="Fraud", target=target)
    event_recorded.send(sender=None, event=event)
    warm.keep_warm()
    slow.registry.calls.clear()
    assert [version.version for version in ASKS[2]()] == ["2", "1"]
    assert calls(slow) == []


def test_what_nobody_looks_at_any_more_is_left_alone(slow, clock):
    for ask in ASKS:
        ask()
    clock.seconds += kept.WARM_SECONDS + 1
    slow.registry.calls.clear()
    warm.keep_warm()
    assert calls(slow) == []


def test_what_is_answered_at_once_by_now_or_not_at_all_is_asked_again_by_people_only(slow, clock, caplog):
    caplog.set_level("INFO")
    for ask in ASKS:
        ask()
    clock.seconds += warm.AGAIN_SECONDS
    slow.seconds = 0.1
    slow.registry.calls.clear()
    warm.keep_warm()
    warm.keep_warm()
    assert sorted(calls(slow)) == ["get_model", "list_versions", "search_models"]
    slow.seconds = 0.5
    CacheRow.objects.all().delete()
    ASKS[1]()
    clock.seconds += warm.AGAIN_SECONDS
    slow.registry.fail_next(RegistryNotFound("gone"), call="get_model")
    warm.keep_warm()
    assert "was not asked again: gone" in caplog.text
    assert kept.wanted() == []


def test_while_a_model_is_being_changed_nothing_that_it_says_of_itself_is_kept(slow, clock):
    described(slow)
    lists.changes("", "Fraud")
    slow.registry.calls.clear()
    warm.keep_warm()
    assert calls(slow) == []
    described(slow)
    assert calls(slow) == ["get_model"]


def test_only_what_was_asked_last_is_kept_warm(slow, clock):
    for number in range(kept.MOST_WARM + 3):
        lists.Lists("").models(f"f{number}", limit=5)
    assert len(kept.wanted()) == kept.MOST_WARM


def test_two_who_ask_while_mlflow_answers_are_both_noted(slow):
    questions = [kept.Question("", "1 models", ("model", name)) for name in ("Fraud", "Churn")]
    noted = [kept.look(question)[2] for question in questions]
    for question, known in zip(questions, noted, strict=True):
        kept.note(question, known)
    assert {question.asked[1] for question in kept.wanted()} == {"Fraud", "Churn"}
