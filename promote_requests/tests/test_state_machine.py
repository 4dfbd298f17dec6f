"""People, rules and a moving clock drive a registry at random; a second, much simpler judge looks at each change.

The judge knows nothing of `decision` and of the conditions: it keeps what each person said of which facts, and asks at
the moment of each write to MLflow whether the rules of that moment were met. `make fuzz` makes many more runs.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from audit.actors import Actor, Door
from foundation.exceptions import CheckpointError
from promote_requests import services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.exceptions import RuleNotMet
from promote_requests.models import PromoteRequest, Review
from promote_requests.services.by_itself.due import promote_due
from protection.models import ProtectionRule
from proxy.guard.decide import Allowed, decide
from proxy.guard.routes import classify
from registry import fake
from registry.exceptions import RegistryTimeout, RegistryUnreachable
from registry.proposals import Change, Proposal
from registry.targets import Target
from testing.people import UserFactory, by

RUNS = int(os.environ.get("CHECKPOINT_TEST_MACHINE_RUNS", "6"))
STEPS = 50
NAMES = ("ada", "grace", "linus", "olga", "tomas")
VERSIONS = ("1", "2", "3")
TARGETS = ("stage:Production", "alias:champion")
DEEDS = ["approve"] * 5 + ["object", "measure", "measure", "promote", "wait"]
"""What happens most on a busy day."""
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
FREEZE = {"start": "2026-11-03 00:00", "end": "2026-11-04 00:00", "timezone": "UTC", "name": "audit"}
API = "/api/2.0/mlflow"

people, versions, targets = st.sampled_from(NAMES), st.sampled_from(VERSIONS), st.sampled_from(TARGETS)
picks = st.integers(0, 10)
verdicts = st.sampled_from([Verdict.APPROVE, Verdict.APPROVE, Verdict.APPROVE, Verdict.REQUEST_CHANGES])

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.slow]


@dataclass
class Said:
    """The last judgement of one person on a request, as the judge keeps it."""

    approves: bool
    facts: str
    round: int
    at: datetime
    is_lifted: bool = False


@dataclass
class World:
    """What the machine and the judge share.

    Attributes:
        now: The time that everybody has.
        wanted: {target of a rule: its conditions}.
        said: {number of a request: {key of a person: what they said last}}.
        writes: Changes that Checkpoint made, each with what the judge has against it.
    """

    now: datetime = START
    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[int, dict[int, Said]] = field(default_factory=dict)
    writes: list[tuple[int, str]] = field(default_factory=list)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, registry: fake.FakeRegistry) -> Iterator[World]:
    """Yields a world whose clock everything reads, the defaults of the tables' columns too."""
    world = World()
    monkeypatch.setattr("django.utils.timezone.now", lambda: world.now)
    dated = [
        column
        for model in apps.get_models()
        for column in model._meta.fields
        if getattr(column.default, "__name__", "") == "now"
    ]
    assert {column.model for column in dated} >= {PromoteRequest, Review}
    kept = [(column, column.default) for column in dated]
    for column in dated:
        column.default = lambda: world.now
        column.__dict__.pop("_get_default", None)
    yield world
    for column, default in kept:
        column.default = default
        column.__dict__.pop("_get_default", None)


class Machine(RuleBasedStateMachine):
    """What people, programs and time do."""

    world: World

    @initialize()
    def begin(self) -> None:
        """Registers three versions and five people, and opens two requests."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        fake.reset()
        self.world.__dict__.update(World().__dict__)
        self.registry = fake.connect("")
        self.registry.add_version("Fraud", stage="Production", aliases=("champion",), metrics={"auc": 0.9})
        self.registry.add_version("Fraud", metrics={"auc": 0.91})
        self.registry.add_version("Fraud", metrics={"auc": 0.92})
        self.people = {name: UserFactory(username=name) for name in NAMES}
        self.people["olga"].user_permissions.add(Permission.objects.get(codename="dismiss_review"))
        self.risk = Group.objects.create(name="Risk")
        self.risk.user_set.add(self.people["grace"], self.people["linus"])
        ProtectionRule.objects.all().delete()
        self._rule("stage:Production", {"approvals": 2}, "approved")
        self._rule("alias:champion", {"approvals": 1}, "pressed")
        self.held = self._holders()
        self.ask("ada", "2", "stage:Production", removing=False, draft=False)
        self.ask("linus", "3", "alias:champion", removing=False, draft=False)
        for call in ("transition_stage", "set_alias", "delete_alias"):
            self.registry.before(call, self._judge)

    def teardown(self) -> None:
        """Forgets everything that happened."""
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(
        pick=picks,
        place=targets,
        deeds=st.lists(st.tuples(st.sampled_from(DEEDS), people, st.integers(0, 3)), min_size=6, max_size=14),
    )
    def pass_a_busy_day(self, pick: int, place: str, deeds: list[tuple[str, str, int]]) -> None:
        """Lets people meet over one request, while its figures move and time passes."""
        if self._pick(pick) is None:
            held = self._holders()[place]
            self.ask("ada", next(each for each in VERSIONS if each not in held), place, removing=False, draft=False)
        for deed, person, how in deeds:
            found = self._pick(pick)
            match deed:
                case "approve":
                    self.judge(person, pick, Verdict.APPROVE)
                case "object":
                    self.judge(person, pick, Verdict.REQUEST_CHANGES)
                case "measure":
                    self.measure_again(found.version if found else "3", 0.5 + how / 10)
                case "wait":
                    self.pass_time((1, 30, 61, 26 * 60)[how])
                case "promote":
                    self.promote(person, pick)

    # What people do

    @rule(person=people, version=versions, place=targets, removing=st.booleans(), draft=st.booleans())
    def ask(self, person: str, version: str, place: str, removing: bool, draft: bool) -> None:
        change = Change.REMOVE if removing and place.startswith("alias:") else Change.SET
        proposal = Proposal("Fraud", version, Target.parse(place), change, archive_existing_versions=True)
        self._try(lambda: services.create(actor=self._by(person), proposal=proposal, title="Please", draft=draft))

    @rule(
        person=people, pick=picks, verdict=st.sampled_from([Verdict.APPROVE, Verdict.APPROVE, Verdict.REQUEST_CHANGES])
    )
    def review(self, person: str, pick: int, verdict: Verdict) -> None:
        self.judge(person, pick, verdict)

    def judge(self, person: str, pick: int, verdict: Verdict) -> None:
        """Has somebody judge, and tells the judge of the judges."""
        found = self._pick(pick)
        if found is None:
            return
        number, facts, user = found.number, self._facts(found), self.people[person]
        before = self.world.said.setdefault(number, {}).get(user.pk)
        # Recorded before: an approval may promote at once, and is judged then.
        self.world.said[number][user.pk] = Said(verdict == Verdict.APPROVE, facts, found.round, self.world.now)
        reviews = Review.objects.count()
        self._try(
            lambda: services.review(actor=self._by(person), promote_request=found, verdict=verdict, body="Because.")
        )
        if Review.objects.count() == reviews:
            self.world.said[number].pop(user.pk)
            if before is not None:
                self.world.said[number][user.pk] = before
        else:
            assert found.author_id != user.pk
            assert user.is_active

    @rule(person=people, pick=picks)
    def promote(self, person: str, pick: int) -> None:
        found = self._pick(pick)
        if found is None:
            return
        is_shown_approved = services.decision_of(found).is_approved
        try:
            services.promote(actor=self._by(person), promote_request=found)
        except RuleNotMet:
            assert not is_shown_approved, "shown as approved, and refused for the rule"
        except CheckpointError:
            pass
        else:
            assert is_shown_approved, "shown as not approved, and promoted"

    @rule(person=people, pick=picks)
    def close(self, person: str, pick: int) -> None:
        if found := self._pick(pick):
            self._try(lambda: services.close(actor=self._by(person), promote_request=found))

    @rule(person=people, pick=picks)
    def reopen(self, person: str, pick: int) -> None:
        if found := self._pick(pick, Status.CLOSED):
            self._try(lambda: services.reopen(actor=self._by(person), promote_request=found))

    @rule(person=people, pick=picks)
    def submit(self, person: str, pick: int) -> None:
        if found := self._pick(pick, Status.DRAFT):
            self._try(lambda: services.submit(actor=self._by(person), promote_request=found))

    @rule(person=people, pick=picks, status=st.sampled_from([Status.OPEN, Status.CLOSED]))
    def dismiss(self, person: str, pick: int, status: Status) -> None:
        found = self._pick(pick, status)
        blocking = [each for each in services.judgements_of(found) if not each.approves] if found else []
        if found is None or not blocking:
            return
        lifted = blocking[0]
        dismissing = lambda: services.dismiss(  # noqa: E731
            actor=self._by(person), promote_request=found, review=lifted.review, reason="They have left."
        )
        if self._try(dismissing):
            self.world.said[found.number][lifted.reviewer_id].is_lifted = True

    @rule(pick=picks, count=st.integers(1, 4))
    def several_approve(self, pick: int, count: int) -> None:
        for name in NAMES[:count]:
            self.judge(name, pick, Verdict.APPROVE)

    @rule(person=people, is_active=st.sampled_from([True, True, True, False]))
    def come_or_go(self, person: str, is_active: bool) -> None:
        user = self.people[person]
        user.is_active = is_active
        user.save(update_fields=["is_active"])

    @rule(person=people)
    def join_or_leave(self, person: str) -> None:
        self.risk.user_set.remove(self.people[person]) if self._is_in_risk(
            self.people[person].pk
        ) else self.risk.user_set.add(self.people[person])

    @rule(
        place=targets,
        approvals=st.sampled_from([0, 1, 1, 2, 3]),
        more=st.sets(st.sampled_from(["approvers", "waiting_time", "approval_age", "freeze_windows"]), max_size=2),
        when=st.sampled_from(["approved", "pressed", "due"]),
    )
    def change_rule(self, place: str, approvals: int, more: set[str], when: str) -> None:
        possible = {
            "approvers": {"groups": [{"id": self.risk.pk, "name": "Risk"}], "users": []},
            "waiting_time": 60,
            "approval_age": 2,
            "freeze_windows": [FREEZE],
        }
        self._rule(place, {"approvals": approvals} | {key: possible[key] for key in sorted(more)}, when)

    # What programs, MLflow and time do

    @rule(person=people, version=versions, place=targets)
    def write_directly(self, person: str, version: str, place: str) -> None:
        """Calls MLflow through Checkpoint's guard; what it lets pass is done."""
        wanted, is_stage = Target.parse(place), place.startswith("stage:")
        operation = "model-versions/transition-stage" if is_stage else "registered-models/alias"
        message = {"name": "Fraud", "version": version, "stage" if is_stage else "alias": wanted.name}
        path = f"{API}/{operation}"
        outcome = decide(
            classify("POST", path),
            method="POST",
            path=path,
            query="",
            content_type="application/json",
            body=json.dumps(message).encode(),
            workspace="",
            actor=Actor.of(self.people[person], Door.PROXY),
        )
        assert not isinstance(outcome, Allowed), "a protected target may be changed directly"

    @rule(version=versions, auc=st.sampled_from([0.5, 0.9, 0.95]))
    def measure_again(self, version: str, auc: float) -> None:
        self.registry.change_facts("Fraud", version, metrics={"auc": auc})

    @rule(version=versions)
    def move_past_checkpoint(self, version: str) -> None:
        """Somebody who reaches MLflow without Checkpoint moves the alias."""
        self.registry._models["Fraud"].aliases["champion"] = version
        self.held = self._holders()

    @rule(minutes=st.sampled_from([1, 30, 61, 24 * 60, 3 * 24 * 60]))
    def pass_time(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)

    @rule()
    def promote_what_is_due(self) -> None:
        list(promote_due(door=Door.WORKER))

    @rule(after=st.booleans(), call=st.sampled_from(["transition_stage", "set_alias", "get_facts"]))
    def let_mlflow_fail(self, after: bool, call: str) -> None:
        failure = RegistryTimeout("Too slow.", may_be_done=True) if after else RegistryUnreachable("MLflow is away.")
        self.registry.fail_next(failure, call=call, after=after)

    @precondition(lambda self: services.unsettled(timedelta(0)).exists())
    @rule(minutes=st.sampled_from([3, 20]))
    def settle(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)
        for found in services.unsettled(timedelta(0)):
            self._try(lambda found=found: services.settle(found))

    # What always holds

    @invariant()
    def the_judge_has_nothing_against_any_write(self) -> None:
        assert [against for _, against in self.world.writes if against] == []

    @invariant()
    def what_is_protected_changed_by_promotions_alone(self) -> None:
        if not hasattr(self, "held"):
            return
        now = self._holders()
        for target in TARGETS:
            if now[target] != self.held[target]:
                parsed = Target.parse(target)
                last = PromoteRequest.objects.filter(
                    target_kind=parsed.kind, target_name=parsed.name, pk__in=[number for number, _ in self.world.writes]
                ).exclude(promoting_since=None)
                assert last.exists(), f"{target} changed from {self.held[target]} to {now[target]} by nobody's request"
        self.held = now

    @invariant()
    def nobody_judged_their_own(self) -> None:
        assert not any(
            review.reviewer_id == review.promote_request.author_id and review.verdict != Verdict.COMMENT
            for review in Review.objects.select_related("promote_request")
        )

    @invariant()
    def what_may_be_pressed_is_what_is_decided(self) -> None:
        if not hasattr(self, "people"):
            return
        for found in PromoteRequest.objects.open().select_related("author", "inspection")[:3]:
            offered = Action.PROMOTE in services.actions_for(by(self.people["tomas"]), found)
            is_approved = services.decision_of(found).is_approved
            assert offered == (is_approved and self.people["tomas"].is_active)

    # The judge

    def _judge(self) -> None:
        """Judges the promotion that is under way at the moment of its write."""
        under_way = PromoteRequest.objects.filter(status=Status.PROMOTING).order_by("-promoting_since").first()
        if under_way is None:
            self.world.writes.append((0, "a write without a request"))
            return
        self.world.writes.append((under_way.number, self._objection(under_way)))

    def _objection(self, promoted: PromoteRequest) -> str:
        wanted, now = self.world.wanted[str(promoted.target)], promoted.promoting_since or self.world.now
        active = set(User.objects.filter(is_active=True).values_list("pk", flat=True))
        said = {
            key: each for key, each in self.world.said.get(promoted.number, {}).items() if key != promoted.author_id
        }
        if any(not each.approves and not each.is_lifted for each in said.values()):
            return "somebody asks for changes"
        counted = {
            key: each
            for key, each in said.items()
            if each.approves and key in active and each.round == promoted.round and each.facts == self._facts(promoted)
        }
        if "approval_age" in wanted:
            oldest = now - timedelta(days=wanted["approval_age"])
            counted = {key: each for key, each in counted.items() if each.at > oldest}
        if len(counted) < wanted["approvals"]:
            return f"{len(counted)} of {wanted['approvals']} approvals"
        if "approvers" in wanted:
            in_group = {key: each for key, each in counted.items() if self._is_in_risk(key)}
            if len(in_group) < max(wanted["approvals"], 1):
                return "too few of the approvers' group"
        if now < self._began(promoted, counted, wanted) + timedelta(minutes=wanted.get("waiting_time", 0)):
            return "it did not wait"
        if "freeze_windows" in wanted and datetime(2026, 11, 3, tzinfo=UTC) <= now < datetime(2026, 11, 4, tzinfo=UTC):
            return "it was frozen"
        return ""

    # Small things

    def _began(self, promoted: PromoteRequest, counted: dict[int, Said], wanted: dict[str, Any]) -> datetime:
        """Returns when the last needed approval was given: of all, and of the approvers' group where it is named."""
        needed = [(sorted(each.at for each in counted.values()), wanted["approvals"])]
        if "approvers" in wanted:
            of_group = sorted(each.at for key, each in counted.items() if self._is_in_risk(key))
            needed.append((of_group, max(wanted["approvals"], 1)))
        return max((times[count - 1] for times, count in needed if count), default=promoted.opened_at)

    def _rule(self, target: str, conditions: dict[str, Any], when: str) -> None:
        self.world.wanted[target] = conditions
        values = {"conditions": conditions, "promote_when": when}
        ProtectionRule.objects.update_or_create(target_pattern=target, defaults=values)

    def _by(self, person: str) -> Actor:
        return by(User.objects.get(pk=self.people[person].pk))

    def _is_in_risk(self, key: int) -> bool:
        return self.risk.user_set.filter(pk=key).exists()

    def _pick(self, pick: int, status: Status = Status.OPEN) -> PromoteRequest | None:
        found = list(PromoteRequest.objects.filter(status=status).select_related("author", "inspection"))
        return found[pick % len(found)] if found else None

    def _try(self, act: Any) -> bool:
        try:
            act()
        except CheckpointError:
            return False
        return True

    def _holders(self) -> dict[str, list[str]]:
        versions = [self.registry._version("Fraud", number) for number in VERSIONS]
        return {
            "stage:Production": [found.version for found in versions if found.stage == "Production"],
            "alias:champion": [found.version for found in versions if "champion" in found.aliases],
        }

    def _facts(self, of: PromoteRequest) -> str:
        """Names what a reviewer sees: what both sides measured, and who holds the target."""
        holders = self._holders()[str(of.target)]
        return f"{self._auc(of.version)} {[(number, self._auc(number)) for number in holders]}"

    def _auc(self, number: str) -> float:
        return self.registry._stored("Fraud", number).metrics["auc"].value


def test_no_protected_target_changes_but_by_a_request_that_met_its_rules(world: World) -> None:
    Machine.world = world
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=RUNS < 100,
        ),
    )
    assert timezone.now() == world.now
