"""For each condition a request that lacks nothing else, what is said of it, and what ends it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils import timezone

from accounts.identity.signing import Signer
from accounts.models import User
from audit.making.makers import makers_of
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.tests.doors.story import World
from protection.asked.questions import Question
from protection.models import Ownership, ProtectionRule
from protection.rulebook import save_entry
from protection.rules import save_rule
from testing.factories import PromoteRequestFactory, UserFactory, register
from testing.people import by

QUESTION = {"question": "Is it safe?", "type": "yes_no"}
CENTURY = {"start": "2020-01-01", "end": "2100-01-01", "name": "audit"}


@dataclass
class Scene:
    """The story, with a clock that moves and a risk officer, vera."""

    world: World
    patch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.vera = UserFactory(username="vera")
        self.risk = Group.objects.create(name="Risk")
        self.risk.user_set.add(self.vera)

    def rule(self, **conditions: Any) -> None:
        """Has the rule ask for one approval and these conditions, by the service: names become keys."""
        rule = ProtectionRule.objects.get(target_pattern="stage:*")
        rule.conditions, rule.promote_when = {"approvals": 1, **conditions}, "pressed"
        save_rule(actor=by(self.world.root), rule=rule)

    def opens(self, **conditions: Any) -> None:
        """Has ada ask for Production under such a rule."""
        self.rule(**conditions)
        self.world.at(Status.OPEN)

    def approves(self, *people: User, **values: Any) -> None:
        for person in people:
            services.review(actor=by(person), promote_request=self.request(), verdict=Verdict.APPROVE, **values)

    def request(self) -> PromoteRequest:
        return PromoteRequest.objects.get(pk=self.world.request.pk)

    def later(self, **span: float) -> None:
        now = timezone.now() + timedelta(**span)
        self.patch.setattr("django.utils.timezone.now", lambda: now)


@dataclass(frozen=True)
class Held:
    """A condition that does not hold, alone.

    Attributes:
        says: The whole sentence; of a moment that the test cannot know only the beginning.
        code: Of what is missing.
        hold: Brings the request there.
        mend: Has the condition hold.
    """

    says: str
    code: str
    hold: Callable[[Scene], None]
    mend: Callable[[Scene], None]


def _old_approval(scene: Scene) -> None:
    scene.opens(approvals=3, approval_age=2)
    scene.approves(scene.world.linus)
    QuerySet(Review).update(created_at=timezone.now() - timedelta(days=3))
    scene.approves(scene.vera)


def _one_of_three(scene: Scene) -> None:
    scene.opens(approvals=3)
    scene.approves(scene.world.linus)


def _not_by_risk(scene: Scene) -> None:
    scene.opens(approvers={"groups": ["Risk"]})
    scene.approves(scene.world.linus)


def _not_by_its_owner(scene: Scene) -> None:
    save_entry(actor=by(scene.world.root), entry=Ownership(section="Risk", people={"groups": ["Risk"]}))
    scene.opens(owners=True)
    scene.approves(scene.world.linus)


def _wants_changes(scene: Scene) -> None:
    scene.opens()
    scene.world.wants_changes()
    scene.approves(scene.vera)


def _opened_and_approved(**conditions: Any) -> Callable[[Scene], None]:
    def hold(scene: Scene) -> None:
        scene.opens(**conditions)
        scene.approves(scene.world.linus)

    return hold


def _report(scene: Scene) -> None:
    services.report_check(
        actor=by(scene.world.grace),
        promote_request=scene.request(),
        name="ci/evals",
        state="success",
        evidence_fingerprint=scene.request().evidence_fingerprint,
    )


def _edited(scene: Scene) -> None:
    scene.opens(present_text=True)
    scene.approves(scene.world.linus)
    services.edit(
        actor=by(scene.world.ada), promote_request=scene.request(), title="Deeper trees", description="And wider."
    )


def _unsigned(scene: Scene) -> None:
    scene.opens(signature=True)
    scene.approves(scene.world.linus, scene.vera)


def _signed(scene: Scene) -> None:
    for person in (scene.world.linus, scene.vera):
        scene.approves(person, signer=Signer(person.pk, person.username))


def _blocking_thread(scene: Scene) -> None:
    scene.opens(threads=True)
    scene.world.question()
    scene.approves(scene.world.linus)


def _in_staging(scene: Scene) -> None:
    scene.world.fraud.transition_stage("Fraud", "2", "Staging", archive_existing_versions=False)
    scene.opens(soak={"target": "stage:Staging", "hours": 24})
    scene.approves(scene.world.linus)


def _from_anywhere(scene: Scene) -> None:
    scene.rule()
    version = scene.world.fraud.add_version("Fraud", source="s3://bucket/root/777").version
    scene.world.request = PromoteRequestFactory(actor=scene.world.ada, version=version)
    scene.approves(scene.world.linus)


def _known_maker(scene: Scene) -> None:
    version = scene.world.fraud.get_version("Fraud", "2")
    register(version, scene.vera, run_by=scene.vera)
    PromoteRequest.objects.update(makers=[asdict(maker) for maker in makers_of(version, workspace="")])


def _answered(scene: Scene) -> None:
    key = Question.parse(QUESTION).key
    services.answer(actor=by(scene.world.ada), promote_request=scene.request(), answers={key: "yes"})


HELD: dict[str, Held] = {
    "approval_age": Held(
        "2 more approvals are needed, by somebody other than ada. linus approved too long ago: a fresh look is needed.",
        "approvals_missing",
        _old_approval,
        lambda scene: scene.approves(scene.world.linus, scene.world.grace),
    ),
    "approvals": Held(
        "2 more approvals are needed, by somebody other than ada.",
        "approvals_missing",
        _one_of_three,
        lambda scene: scene.approves(scene.world.grace, scene.vera),
    ),
    "approvers": Held(
        "1 approval is needed from the group Risk.",
        "approver_missing",
        _not_by_risk,
        lambda scene: scene.approves(scene.vera),
    ),
    "changes_requested": Held(
        "linus asked for changes and has to approve first.",
        "changes_requested",
        _wants_changes,
        lambda scene: scene.approves(scene.world.linus),
    ),
    "checks": Held(
        "The check ci/evals was not reported yet.", "check_pending", _opened_and_approved(checks=["ci/evals"]), _report
    ),
    "freeze_windows": Held(
        "Promotions are frozen until 01 January 2100, 00:00 UTC: audit.",
        "frozen",
        _opened_and_approved(freeze_windows=[CENTURY]),
        lambda scene: scene.later(days=365 * 80),
    ),
    "gates": Held(
        "The gate metric auc >= 2 is not passed: it is 0.94, 1.06 too little.",
        "gate_not_passed",
        _opened_and_approved(gates=["metric auc >= 2"]),
        lambda scene: scene.rule(gates=["metric auc >= 0.9"]),
    ),
    "makers": Held(
        "Checkpoint does not know who registered this version",
        "makers_unknown",
        _opened_and_approved(makers={"unknown": "block"}),
        _known_maker,
    ),
    "owners": Held(
        "1 approval is needed for Risk, from the group Risk.",
        "owner_missing",
        _not_by_its_owner,
        lambda scene: scene.approves(scene.vera),
    ),
    "present_text": Held(
        "linus approved before title and description were edited: a fresh look is needed.",
        "text_edited",
        _edited,
        lambda scene: scene.approves(scene.world.linus),
    ),
    "questions": Held(
        "To be answered by ada: “Is it safe?”",
        "question_unanswered",
        _opened_and_approved(questions=[QUESTION]),
        _answered,
    ),
    "signature": Held(
        "linus approved without a signature: approve once more on the page, with the password.",
        "signature_missing",
        _unsigned,
        _signed,
    ),
    "soak": Held(
        "It has to spend 24 hours in Staging without a break first, until ",
        "soak",
        _in_staging,
        lambda scene: scene.later(hours=25),
    ),
    "threads": Held(
        "1 blocking thread is not resolved: opened by linus.",
        "threads_unresolved",
        _blocking_thread,
        lambda scene: scene.world.settled(),
    ),
    "unplaced_source": Held(
        "Where the version's files lie cannot be told from s3://bucket/root/777, so they cannot be kept from being "
        "changed: register it from a run or a logged model, or have a rule allow it.",
        "unplaced_source",
        _from_anywhere,
        lambda scene: scene.rule(unplaced_source=True),
    ),
    "waiting_time": Held(
        "It waits for 30 minutes after the approval, until ",
        "waiting_time",
        _opened_and_approved(waiting_time=30),
        lambda scene: scene.later(minutes=31),
    ),
}
"""{condition: a request that it alone holds back}."""
