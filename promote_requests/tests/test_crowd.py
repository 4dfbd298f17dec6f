"""Twenty reviewers and five promoters at once on ten requests for one target, on PostgreSQL.

`make drills` plays a hundred rounds, the suite a few.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier, Lock

import pytest
from django.db import connection
from django.db.utils import OperationalError

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import CheckpointError, DatabaseBusy
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.services.reviewing import ReviewOutcome
from protection.models import ProtectionRule
from registry.fake import FakeRegistry, connect, reset
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by
from testing.waiting import LONG

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

REVIEWERS, PROMOTERS, REQUESTS = 20, 5, 10


class Slot:
    """Counts how many changes of the target are under way at once."""

    def __init__(self, registry: FakeRegistry) -> None:
        self._lock, self._now = Lock(), 0
        self.most = self.writes = 0
        self._registry = registry
        self._move = registry.transition_stage
        registry.transition_stage = self.move  # type: ignore[method-assign]

    def move(self, *arguments: str, archive_existing_versions: bool) -> None:
        """Makes the change, and remembers how many others were being made."""
        with self._lock:
            self._now += 1
            self.writes += 1
            self.most = max(self.most, self._now)
        try:
            self._move(*arguments, archive_existing_versions=archive_existing_versions)
        finally:
            with self._lock:
                self._now -= 1


def play(people, seed):
    """Plays one round with a model of its own in a registry of its own, and checks what came of it.

    With one for all of them each round would be slower than the last: the fake registry looks at all that it has.
    """
    random, model = Random(seed), f"Fraud {seed}"
    reset()
    registry = connect("")
    registry.add_version(model, stage="Production")
    ProtectionRule.objects.get_or_create(target_pattern="stage:*")
    ProtectionRule.objects.update(conditions={"approvals": 2}, promote_when=random.choice(["approved", "pressed"]))
    asked = []
    for _ in range(REQUESTS):
        found = registry.add_version(model, metrics={"auc": random.random()})
        asked.append(PromoteRequestFactory(actor=by(people[-1]), model_name=model, version=found.version))
    slot, together = Slot(registry), Barrier(REVIEWERS + PROMOTERS)
    reviews = Review.objects.count()

    def act(deed):
        together.wait(LONG)
        try:
            done = deed()
            # What was recorded and could not be promoted at once says so; what stopped it is looked at as below.
            if isinstance(done, ReviewOutcome) and isinstance(done.failure, DatabaseBusy):
                assert "lock timeout" in str(done.failure.__cause__), done.failure.__cause__
            return done
        except CheckpointError as refusal:
            return refusal
        except OperationalError as failure:
            if "lock timeout" not in str(failure):  # answered with 503: on a busy machine somebody waits too long
                raise
            return failure
        finally:
            connection.close()

    deeds = []
    for number in range(REVIEWERS + PROMOTERS):
        actor, wanted = by(people[number]), asked[random.randrange(REQUESTS if number % 2 else 2)]
        if number < REVIEWERS:
            verdict = Verdict.APPROVE if random.random() < 0.9 else Verdict.REQUEST_CHANGES
            deeds.append(
                lambda actor=actor, wanted=wanted, verdict=verdict: services.review(
                    actor=actor, promote_request=wanted, verdict=verdict, body="Because."
                )
            )
        else:
            deeds.append(lambda actor=actor, wanted=wanted: services.promote(actor=actor, promote_request=wanted))
    with ThreadPoolExecutor(len(deeds)) as threads:
        # A deadlock or a broken statement is no refusal: it would be raised here.
        came = [future.result(LONG) for future in [threads.submit(act, deed) for deed in deeds]]

    assert slot.most <= 1
    assert Review.objects.count() - reviews == sum(isinstance(each, ReviewOutcome) for each in came)
    promoted = PromoteRequest.objects.filter(pk__in=[each.pk for each in asked], status=Status.PROMOTED)
    assert slot.writes == promoted.count()
    assert not PromoteRequest.objects.filter(status=Status.PROMOTING).exists()
    for each in promoted:
        rows = AuditEvent.objects.filter(promote_request=each)
        started = rows.filter(action=AuditAction.PROMOTION_STARTED).count()
        assert started == rows.filter(action__in=[AuditAction.PROMOTED, AuditAction.PROMOTION_FAILED]).count() == 1
        assert len(each.approved_by) >= 2


def crowd():
    """Returns who reviews, who promotes, and last who asks."""
    return [UserFactory() for _ in range(REVIEWERS + PROMOTERS + 1)]


def test_a_crowd_promotes_nothing_twice_and_loses_no_review(registry):
    people = crowd()
    for seed in range(3):
        play(people, seed)


@pytest.mark.drill
def test_a_crowd_promotes_nothing_twice_and_loses_no_review_in_a_hundred_rounds(registry):
    people = crowd()
    for seed in range(int(os.environ.get("CHECKPOINT_TEST_ROUNDS", "100"))):
        play(people, 1000 + seed)
