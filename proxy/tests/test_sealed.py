from types import SimpleNamespace

import pytest

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from audit.trail import About
from promote_requests import services
from protection.models import ProtectionRule
from proxy.seal import cache
from proxy.seal.observe import Observer
from registry import fake
from registry.exceptions import RegistryNotFound, RegistryTimeout
from testing.factories import PromoteRequestFactory, UserFactory, promoting
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(cache, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    return now


@pytest.fixture
def fraud(registry):
    registry.add_version("Fraud", stage="Production", run_id="run1", model_id="m-1", experiment_id="1")
    registry.add_version("Fraud", run_id="run2", model_id="m-2", experiment_id="1")
    registry.add_version("Other", run_id="run3", experiment_id="3")
    return registry


def looks(registry):
    return [call for call, _ in registry.calls].count("list_models")


def test_what_a_champion_is_made_of_is_sealed_and_nothing_else(fraud):
    found = Observer("").look()
    assert set(found.runs) == {"run1"}
    assert set(found.models) == {"m-1"}
    assert set(found.experiments) == {"1"}
    assert set(found.places) == {"1/run1/artifacts", "1/models/m-1/artifacts"}
    assert found.run(" RUN1 ").version == "1"


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket/root/9/run9/artifacts/model",
        "http://host/ajax-api/2.0/mlflow-artifacts/artifacts/9/run9/artifacts/model",
    ],
)
def test_a_source_is_sealed_that_names_no_run_but_a_place_that_mlflow_serves(registry, source):
    registry.add_version("Fraud", stage="Production", source=source)
    found = Observer("").look()
    assert found.place("9/run9/artifacts/model/weights.bin", with_what_is_below=False).version == "1"
    assert found.place("9/run9/artifacts/other", with_what_is_below=False) is None


def test_every_holder_of_a_stage_is_sealed_not_only_the_newest(fraud):
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=False)
    assert set(Observer("").look().runs) == {"run1", "run2"}


def test_versions_with_protected_aliases_and_those_of_protected_models_are_sealed(fraud):
    fraud.set_alias("Other", "champion", "1")
    ProtectionRule.objects.create(target_pattern="model:Fraud")
    assert set(Observer("").look().runs) == {"run1", "run2", "run3"}


def test_a_version_that_is_being_promoted_is_sealed_already(fraud):
    ProtectionRule.objects.all().delete()
    assert Observer("").look().runs == {}
    promoting(PromoteRequestFactory(model_name="Other", version="1"))
    assert Observer("").look().run("run3").held == ()
    fraud.delete_version("Other", "1")
    assert Observer("").look().runs == {}


def test_a_version_that_somebody_approved_is_sealed_before_its_promotion(fraud):
    ProtectionRule.objects.update(conditions={"approvals": 2})
    asked = PromoteRequestFactory(model_name="Other", version="1")
    assert "run3" not in Observer("").look().runs
    approved = services.review(actor=by(UserFactory()), promote_request=asked, verdict="approve").promote_request
    assert Observer("").look().run("run3").held == ()
    services.close(actor=by(UserFactory()), promote_request=approved)
    assert "run3" not in Observer("").look().runs


def test_looking_again_asks_only_for_what_has_changed(fraud):
    observer = Observer("")
    observer.look()
    fraud.calls.clear()
    observer.look()
    assert [call for call, _ in fraud.calls] == ["list_models"]
    fraud.transition_stage("Other", "1", "Production", archive_existing_versions=False)
    fraud.calls.clear()
    assert set(observer.look().runs) == {"run1", "run3"}
    assert [arguments for call, arguments in fraud.calls if call == "get_provenance"] == [("Other", "1")]
    ProtectionRule.objects.all().delete()
    assert observer.look().runs == {}


def test_a_model_that_went_is_not_sealed_any_more(fraud):
    observer = Observer("")
    observer.look()
    fraud.delete_version("Fraud", "1")
    assert observer.look().runs == {}


@pytest.mark.parametrize(
    ("key", "alone", "with_below"),
    [
        ("1/run1/artifacts", True, True),
        ("1/run1/artifacts/model/x", True, True),
        ("1/run1/artifacts2", False, False),
        ("1/run1", False, True),
        ("1", False, True),
        ("", False, True),
        ("2/run1/artifacts", False, False),
        ("1/run10/artifacts/x", False, False),
    ],
)
def test_a_place_is_sealed_with_what_is_below_it(fraud, key, alone, with_below):
    found = Observer("").look()
    assert bool(found.place(key, with_what_is_below=False)) == alone
    assert bool(found.place(key, with_what_is_below=True)) == with_below


def test_what_is_known_serves_for_five_seconds_without_a_look(fraud, clock):
    cache.seals("")
    clock.seconds += cache.RENEW_SECONDS
    assert cache.seals("").run("run1")
    assert looks(fraud) == 1
    clock.seconds += cache.STALE_SECONDS
    fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    assert cache.seals("").run("run1") is None
    assert looks(fraud) == 2


def test_a_refusal_rests_on_a_look_of_this_moment(fraud, clock):
    cache.seals("")
    fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    clock.seconds += 1
    assert cache.renewed("").run("run1") is None


@pytest.mark.parametrize("action", [AuditAction.PROMOTED, AuditAction.PROMOTION_STARTED, AuditAction.RULE_CHANGED])
def test_what_this_process_promotes_is_sealed_at_once(fraud, clock, action, django_capture_on_commit_callbacks):
    cache.seals("")
    fraud.transition_stage("Other", "1", "Production", archive_existing_versions=False)
    assert cache.seals("").run("run3") is None
    with django_capture_on_commit_callbacks(execute=True):
        trail.record(action, actor=Actor.checkpoint(Door.PAGE), about=About(model_name="Other", version="1"))
    assert cache.seals("").run("run3")


def test_other_events_cost_no_look(fraud, clock, django_capture_on_commit_callbacks):
    cache.seals("")
    with django_capture_on_commit_callbacks(execute=True):
        trail.record(AuditAction.CALL_REFUSED, actor=Actor.anonymous(Door.PROXY))
    cache.seals("")
    assert AuditEvent.objects.count() == 1
    assert looks(fraud) == 1


def test_while_mlflow_does_not_answer_what_was_known_serves_for_a_minute(fraud, clock):
    cache.seals("")
    fraud.before("list_models", _fail)
    clock.seconds += cache.GRACE_SECONDS
    assert cache.seals("").run("run1")
    before = len(fraud.calls)
    assert cache.seals("").run("run1")
    assert len(fraud.calls) == before, "one failure answers all for a second"
    clock.seconds += 2
    with pytest.raises(RegistryTimeout):
        cache.seals("")


def test_nothing_passes_where_a_promotion_could_not_be_looked_at(fraud, clock):
    cache.seals("")
    fraud.before("list_models", _fail)
    cache.on_event(AuditEvent, AuditEvent(action=AuditAction.PROMOTED))
    with pytest.raises(RegistryTimeout):
        cache.seals("")


def test_a_workspace_that_nobody_knows_is_not_remembered(fraud, clock):
    fake.connect("made-up").fail_next(RegistryNotFound("no such workspace"))
    with pytest.raises(RegistryNotFound):
        cache.seals("made-up")
    assert not cache.is_watched("made-up")
    cache.seals("")
    assert cache.is_watched("")


def test_the_next_look_rests_as_long_as_the_last_one_took(fraud, clock):
    def take_half_a_second():
        clock.seconds += 0.5

    fraud.before("list_models", take_half_a_second)
    cache.seals("")
    clock.seconds += cache.STALE_SECONDS + 1
    cache.seals("")
    assert looks(fraud) == 2, "the first look asks for everything and does not count"
    clock.seconds += 4.4
    cache.seals("")
    assert looks(fraud) == 2
    clock.seconds += cache.REST * 0.5
    cache.seals("")
    assert looks(fraud) == 3


def _fail():
    raise RegistryTimeout("slow")
