from datetime import timedelta

import pytest
from django.db.models import F

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.trail import About
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from proxy.seal import cache, look, store
from proxy.seal.models import SealedVersion, SealedWorkspace
from proxy.seal.seals import Seals
from registry import fake
from registry.exceptions import RegistryNotFound, RegistryTimeout
from registry.targets import Target, TargetKind
from testing.factories import PromoteRequestFactory, UserFactory, promoting
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def fraud(registry):
    registry.add_version("Fraud", stage="Production", run_id="run1", model_id="m-1", experiment_id="1")
    registry.add_version("Fraud", run_id="run2", model_id="m-2", experiment_id="1")
    registry.add_version("Other", run_id="run3", experiment_id="3")
    return registry


def look_now() -> Seals:
    """Looks at everything, as the thread in the background does, and returns what every process knows then."""
    assert look.look("")
    found = cache.known("")
    assert found.is_whole
    return found.seals


def pass_time(seconds: float) -> None:
    SealedWorkspace.objects.update(looked_at=F("looked_at") - timedelta(seconds=seconds))


def calls(registry) -> list[str]:
    return [call for call, _ in registry.calls]


def test_what_a_champion_is_made_of_is_sealed_and_nothing_else(fraud):
    found = look_now()
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
    found = look_now()
    assert found.place("9/run9/artifacts/model/weights.bin", with_what_is_below=False).version == "1"
    assert found.place("9/run9/artifacts/other", with_what_is_below=False) is None


def test_every_holder_of_a_stage_is_sealed_not_only_the_newest(fraud):
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=False)
    assert set(look_now().runs) == {"run1", "run2"}


def test_versions_with_protected_aliases_and_those_of_protected_models_are_sealed(fraud):
    fraud.set_alias("Other", "champion", "1")
    ProtectionRule.objects.create(target_pattern="model:Fraud")
    assert set(look_now().runs) == {"run1", "run2", "run3"}


def test_a_version_that_is_being_promoted_is_sealed_already(fraud):
    ProtectionRule.objects.all().delete()
    assert look_now().runs == {}
    promoting(PromoteRequestFactory(model_name="Other", version="1"))
    assert look_now().run("run3").held == ()
    PromoteRequest.objects.update(status=Status.DRAFT, is_private=True, promoting_since=None, promoted_by=None)
    assert look_now().runs == {}


def test_a_version_is_sealed_while_a_request_for_it_is_open(fraud):
    author = by(UserFactory())
    draft = PromoteRequestFactory(actor=author, model_name="Other", version="1", draft=True)
    assert "run3" not in look_now().runs
    asked = services.submit(actor=author, promote_request=draft)
    assert look_now().run("run3").held == ()
    services.close(actor=by(UserFactory()), promote_request=asked)
    assert "run3" not in look_now().runs
    services.reopen(actor=author, promote_request=PromoteRequest.objects.get(pk=asked.pk))
    assert look_now().run("run3").held == ()


def test_looking_again_asks_only_for_what_has_changed_even_after_a_restart(fraud):
    look_now()
    cache.forget()
    fraud.calls.clear()
    look_now()
    assert calls(fraud) == ["list_models"]
    fraud.transition_stage("Other", "1", "Production", archive_existing_versions=False)
    fraud.calls.clear()
    assert set(look_now().runs) == {"run1", "run3"}
    assert [arguments for call, arguments in fraud.calls if call == "get_provenance"] == [("Other", "1")]
    ProtectionRule.objects.all().delete()
    assert look_now().runs == {}
    assert not SealedVersion.objects.exists()


def test_what_was_moved_past_checkpoint_a_moment_ago_is_sealed_by_the_look_that_notices_it(fraud, monkeypatch):
    look_now()
    # Of a large model what was read a moment ago serves unless the answer must be exact.
    ask, late = fraud.holders, fraud.holders("Fraud", Target(TargetKind.STAGE, "Production"))
    monkeypatch.setattr(
        fraud, "holders", lambda name, target, *, exact=False: ask(name, target, exact=True) if exact else late
    )
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=False)
    assert set(look_now().runs) == {"run1", "run2"}


def test_a_version_of_the_same_number_in_a_model_made_anew_is_another_one(fraud):
    look_now()
    SealedVersion.objects.update(created_at=F("created_at") - timedelta(days=1), made_of={**EMPTY, "run_ids": ["old"]})
    fraud.set_alias("Fraud", "champion", "1")
    assert set(look_now().runs) == {"run1"}


def test_a_model_that_went_is_not_sealed_any_more(fraud):
    look_now()
    fraud.delete_version("Fraud", "1")
    assert look_now().runs == {}


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
    found = look_now()
    assert bool(found.place(key, with_what_is_below=False)) == alone
    assert bool(found.place(key, with_what_is_below=True)) == with_below


def test_what_was_found_is_kept_where_a_look_does_not_come_to_its_end(fraud):
    fraud.transition_stage("Other", "1", "Production", archive_existing_versions=False)
    made_of = []

    def fail_at_the_second():
        made_of.append(True)
        if len(made_of) == 2:
            raise RegistryTimeout("slow")

    fraud.before("get_provenance", fail_at_the_second)
    with pytest.raises(RegistryTimeout):
        look.look("")
    assert set(cache.known("").seals.runs) == {"run1"}
    assert not cache.known("").is_whole
    fraud.calls.clear()
    assert set(look_now().runs) == {"run1", "run3"}
    assert calls(fraud).count("get_provenance") == 1


def test_one_process_looks_at_a_time_and_one_that_died_is_not_waited_for_for_ever(fraud):
    assert store.begin("") is not None
    assert not look.look("")
    SealedWorkspace.objects.update(looking_until=F("looking_until") - store.LEASE - timedelta(seconds=1))
    assert look.look("")


@pytest.mark.parametrize(("took", "rest"), [(0.0, 2.5), (0.1, 2.5), (1.0, 20.0), (60.0, 30.0)])
def test_the_next_look_rests_twenty_times_as_long_as_the_last_one_took(took, rest):
    assert look.rest_after(took) == rest


def test_what_is_known_is_whole_for_as_long_as_it_serves(fraud):
    assert not cache.known("").is_whole
    look_now()
    pass_time(4.5)
    assert cache.known("").is_whole
    pass_time(2)
    found = cache.known("")
    assert (found.is_whole, found.may_serve, set(found.seals.runs)) == (False, True, {"run1"})
    pass_time(cache.GRACE_SECONDS)
    found = cache.known("")
    assert (found.is_whole, found.may_serve, set(found.seals.runs)) == (False, False, {"run1"})


def test_what_another_mlflow_held_does_not_serve(fraud, settings):
    look_now()
    settings.CHECKPOINT_REGISTRY_URL = "http://other:5000"
    found = cache.known("")
    assert (found.is_whole, found.may_serve) == (False, False)
    look_now()


def test_what_is_known_costs_one_query_until_something_changes(fraud, django_assert_num_queries):
    look_now()
    with django_assert_num_queries(1):
        cache.known("")
    fraud.set_alias("Fraud", "champion", "2")
    look.look("")
    with django_assert_num_queries(3):
        assert set(cache.known("").seals.runs) == {"run1", "run2"}
    with django_assert_num_queries(1):
        cache.known("")


def test_what_a_request_is_about_is_sealed_in_the_transaction_that_opens_it(fraud):
    look_now()
    PromoteRequestFactory(model_name="Other", version="1")
    found = cache.known("")
    assert not found.is_whole, "nobody knows yet what the version is made of"
    assert not found.may_serve
    look.learn("")
    found = cache.known("")
    assert found.is_whole
    assert found.seals.run("run3").held == ()


@pytest.mark.parametrize("verdict", ["approve", "request_changes", "comment"])
def test_a_review_seals_nothing_that_is_not_sealed(fraud, verdict):
    ProtectionRule.objects.update(conditions={"approvals": 2})
    asked = PromoteRequestFactory(model_name="Other", version="1")
    look_now()
    before = cache.known("").generation
    services.review(actor=by(UserFactory()), promote_request=asked, verdict=verdict, body="Hm.")
    assert cache.known("").generation == before
    assert cache.known("").is_whole


def test_a_request_opened_during_a_look_outlasts_it(fraud):
    draft = PromoteRequestFactory(actor=(author := by(UserFactory())), model_name="Other", version="1", draft=True)
    fraud.before("list_models", lambda: _open_once(author, draft))
    assert look.look("")
    assert set(cache.known("").seals.runs) == {"run1", "run3"}
    assert look_now().run("run3").held == ()


def test_a_promotion_seals_the_copy_that_it_made(fraud):
    ProtectionRule.objects.create(target_pattern="model:prod.fraud")
    asked = PromoteRequestFactory(model_name="Other", version="1", target=Target.parse("model:prod.fraud"))
    look_now()
    services.review(actor=by(UserFactory()), promote_request=asked, verdict="approve")
    assert not cache.known("").is_whole
    look.learn("")
    sealed = {(seal.model_name, seal.version) for seal in cache.known("").seals.runs.values()}
    assert ("Other", "1") in sealed or ("prod.fraud", "1") in sealed
    assert look_now().run("run3").model_name == "prod.fraud"


def test_a_changed_rule_lets_no_earlier_look_serve(fraud):
    look_now()
    trail.record(AuditAction.RULE_CHANGED, actor=Actor.checkpoint(Door.PAGE), about=About())
    found = cache.known("")
    assert (found.is_whole, found.may_serve) == (False, False)
    assert set(look_now().runs) == {"run1"}


def test_a_look_during_which_a_rule_changed_does_not_serve(fraud):
    fraud.before(
        "list_models", lambda: trail.record(AuditAction.RULE_CHANGED, actor=Actor.checkpoint(Door.PAGE), about=About())
    )
    assert look.look("")
    assert not cache.known("").is_whole


def test_other_events_change_nothing(fraud):
    asked = PromoteRequestFactory()
    look_now()
    before = cache.known("").generation
    trail.record(AuditAction.CALL_REFUSED, actor=Actor.anonymous(Door.PROXY))
    services.comment(actor=by(UserFactory()), promote_request=asked, body="Hm.")
    assert cache.known("").generation == before


def test_a_workspace_that_nobody_looked_at_is_not_known_and_leaves_no_row(fraud):
    fake.connect("made-up").fail_next(RegistryNotFound("no such workspace"))
    assert cache.known("made-up") == cache.Known(Seals())
    assert not SealedWorkspace.objects.exists()


EMPTY: dict[str, list[str]] = {"run_ids": [], "model_ids": [], "experiment_ids": [], "locations": []}


def _open_once(author, draft) -> None:
    if PromoteRequest.objects.get(pk=draft.pk).status == Status.DRAFT:
        services.submit(actor=author, promote_request=draft)
