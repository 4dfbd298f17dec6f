"""The way back is fast only where nobody had a hand in it since."""

import pytest
from django.utils import timezone

from evidence.models import DigestedFile, Manifest
from foundation.exceptions import WrongState
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.services import promotion
from promote_requests.tests.hands import people
from promote_requests.tests.hands.people import fresh, judge, promoted, signed_in, two_promoted
from registry.targets import Target
from testing.factories import PromoteRequestFactory
from testing.people import by

pytestmark = pytest.mark.django_db
linus = people.linus


def test_a_version_whose_figures_changed_since_it_met_the_rules_has_no_fast_track(fraud, ada, grace):
    last = two_promoted(fraud, ada, grace)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.999})
    assert not services.roll_back(actor=by(ada), promote_request=last).is_fast_track


def test_a_version_whose_files_are_known_to_differ_has_no_fast_track(fraud, ada, grace):
    last = two_promoted(fraud, ada, grace)
    version = fraud.get_version("Fraud", "2")
    manifest, _ = Manifest.objects.get_or_create(
        workspace="", model_name="Fraud", version="2", registered_at=version.created_at
    )
    manifest.root, manifest.finished_at = "0" * 64, last.promoted_at
    manifest.mismatches = [{"path": "model.pkl", "what": "changed"}]
    manifest.save()
    DigestedFile.objects.get_or_create(manifest=manifest, path="model.pkl", defaults={"sha256": "0" * 64, "size": 1})
    assert not services.roll_back(actor=by(ada), promote_request=last).is_fast_track


def test_facts_that_change_while_it_is_open_take_the_fast_track_away(fraud, ada, grace, linus):
    opened = services.roll_back(actor=by(ada), promote_request=two_promoted(fraud, ada, grace))
    assert opened.is_fast_track
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.999})
    with pytest.raises(Exception, match="look"):
        judge(grace, opened)
    opened = fresh(opened)
    assert not opened.is_fast_track
    judge(grace, opened)
    assert fresh(opened).status == Status.OPEN
    judge(linus, opened)
    assert fresh(opened).status == Status.PROMOTED


def test_a_way_back_from_what_was_replaced_since_is_fast_no_longer(fraud, ada, grace, linus):
    opened = services.roll_back(actor=by(ada), promote_request=two_promoted(fraud, ada, grace))
    newest = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    for person in (grace, linus):
        judge(person, newest)
    assert fresh(newest).status == Status.PROMOTED
    with pytest.raises(Exception, match="look"):
        judge(grace, opened)
    assert not fresh(opened).is_fast_track


def test_a_promotion_that_comes_while_the_way_back_is_asked_for_leaves_nothing_to_take_back(fraud, ada, grace, linus):
    last = two_promoted(fraud, ada, grace)
    newest = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    judge(grace, newest)
    meanwhile = iter([lambda: judge(linus, newest)])
    fraud.before("get_version", lambda: next(meanwhile, lambda: None)())
    with pytest.raises(WrongState, match=f"#{newest.number} has changed Production since"):
        services.roll_back(actor=by(ada), promote_request=last)
    assert fresh(newest).status == Status.PROMOTED
    assert not PromoteRequest.objects.filter(undoes=last).exists()


@pytest.fixture
def overtaken(fraud, ada, grace, linus):
    """The way back from version 3 to 2; version 4 was promoted since, and 3 put back: facts as before."""
    last = two_promoted(fraud, ada, grace)
    opened = services.roll_back(actor=by(ada), promote_request=last)
    newest = PromoteRequestFactory(actor=ada, version=fraud.add_version("Fraud").version)
    for person in (grace, linus):
        judge(person, newest)
    judge(grace, services.roll_back(actor=by(ada), promote_request=fresh(newest)))
    assert fraud.get_version("Fraud", "3").stage == "Production"
    assert fresh(opened).champion_version == "3"
    return opened


def test_a_promotion_that_was_taken_back_since_ends_the_fast_track_though_all_facts_are_as_before(overtaken, grace):
    assert overtaken.is_fast_track
    with pytest.raises(EvidenceChanged, match=r"has changed Production since, so the fast track no longer applies"):
        judge(grace, overtaken)
    assert not fresh(overtaken).is_fast_track
    judge(grace, overtaken)
    assert fresh(overtaken).status == Status.OPEN


def test_whoever_opens_the_page_is_told_that_the_fast_track_ended(overtaken, grace):
    page = signed_in(grace).post(f"{overtaken.get_absolute_url()}now/").content.decode()
    assert "fast track no longer applies" in page
    assert not fresh(overtaken).is_fast_track


def test_a_promotion_at_the_very_last_moment_ends_the_fast_track(fraud, ada, grace, linus, monkeypatch):
    opened = services.roll_back(actor=by(ada), promote_request=two_promoted(fraud, ada, grace))
    other = PromoteRequestFactory(actor=ada, target=opened.target, version=fraud.add_version("Fraud").version)
    started = promotion._start

    def overtake(*arguments):
        locked = started(*arguments)
        PromoteRequest.objects.filter(pk=other.pk).update(
            status=Status.PROMOTED, promoted_at=timezone.now(), promoted_by=linus
        )
        return locked

    monkeypatch.setattr(promotion, "_start", overtake)
    assert isinstance(judge(grace, opened).failure, EvidenceChanged)
    opened = fresh(opened)
    assert (opened.status, opened.is_fast_track) == (Status.OPEN, False)
    assert fraud.get_version("Fraud", "3").stage == "Production"


@pytest.mark.parametrize(("other", "is_fast"), [("Champion", False), ("challenger", True)])
def test_a_promotion_to_another_spelling_of_the_alias_ends_the_fast_track(fraud, ada, grace, other, is_fast):
    """MLflow's database may take both for one alias: then it took the alias from the version since."""
    made = [
        promoted(ada, grace, version=fraud.add_version("Fraud").version, target=Target.parse(f"alias:{alias}"))
        for alias in ("champion", "champion", other)
    ]
    assert services.roll_back(actor=by(ada), promote_request=made[1]).is_fast_track is is_fast
