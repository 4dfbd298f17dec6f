"""The way back is fast only where nobody had a hand in it since."""

import pytest

from evidence.models import DigestedFile, Manifest
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.tests.hands import people
from promote_requests.tests.hands.people import fresh, judge, two_promoted
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
