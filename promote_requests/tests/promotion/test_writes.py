import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.choices import AuditAction
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.exceptions import ChampionChanged, EvidenceChanged
from promote_requests.services import registry_writes
from promote_requests.tests.promotion import story
from promote_requests.tests.promotion.story import actions, approved, ask
from registry.exceptions import RegistryRefused
from registry.proposals import Change
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db
somebody_presses_promote = story.somebody_presses_promote


def test_a_promotion_freezes_what_was_decided_on(open_request, fraud, grace):
    promoted = services.promote(actor=by(grace), promote_request=approved(open_request, grace))
    assert promoted.status == Status.PROMOTED
    assert (promoted.promoted_by, promoted.promoted_version) == (grace, "")
    evidence = services.evidence_of(promoted)
    assert evidence.challenger.metrics["auc"].value == 0.94
    assert evidence.champion.version.version == "1"
    assert actions()[-2:] == [AuditAction.PROMOTION_STARTED, AuditAction.PROMOTED]


def test_an_alias_moves_to_the_challenger(fraud, ada, grace):
    services.promote(actor=by(ada), promote_request=approved(ask(ada, "alias:champion"), grace))
    assert fraud.get_model("Fraud").aliases == {"champion": "2"}


def test_taking_an_alias_away_leaves_nobody_with_it(fraud, ada, grace):
    asked = ask(ada, "alias:champion", version="1", change=Change.REMOVE)
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert fraud.get_model("Fraud").aliases == {}


def test_a_removal_never_takes_the_alias_from_the_version_that_got_it_meanwhile(fraud, ada, grace):
    removal = ask(ada, "alias:champion", version="1", change=Change.REMOVE)
    removal = approved(removal, grace)
    services.promote(actor=by(ada), promote_request=approved(ask(ada, "alias:champion"), grace))
    with pytest.raises(ChampionChanged, match="Version 2 holds champion now: there is nothing to take away"):
        services.promote(actor=by(ada), promote_request=removal)
    # Nor where reviewers approve what they see now.
    with pytest.raises(ChampionChanged, match="Close this request"):
        services.promote(actor=by(ada), promote_request=approved(removal, grace))
    assert fraud.get_model("Fraud").aliases == {"champion": "2"}
    removal.refresh_from_db()
    assert removal.status == Status.OPEN


def test_a_removal_looks_again_who_has_the_alias_once_it_holds_the_target(fraud, ada, grace):
    removal = approved(ask(ada, "alias:champion", version="1", change=Change.REMOVE), grace)
    looks = []
    fraud.before(
        "get_facts", lambda: looks.append(1) or (len(looks) == 2 and fraud.set_alias("Fraud", "champion", "2"))
    )
    with pytest.raises(ChampionChanged):
        services.promote(actor=by(ada), promote_request=removal)
    assert fraud.get_model("Fraud").aliases == {"champion": "2"}


def test_a_version_with_a_forged_tag_is_not_taken_for_the_copy_that_failed(fraud, ada, grace):
    fraud.add_version("prod.fraud", source="s3://elsewhere")
    asked = approved(ask(ada, "model:prod.fraud"), grace)
    fraud.set_version_tags("prod.fraud", "1", {registry_writes.REQUEST_TAG: registry_writes.address(asked)})
    fraud.fail_next(RegistryRefused("MLflow refused."), call="copy_version")
    with pytest.raises(RegistryRefused):
        services.promote(actor=by(ada), promote_request=asked)
    asked.refresh_from_db()
    assert asked.status == Status.OPEN
    assert registry_writes.APPROVED_BY_TAG not in fraud.get_version("prod.fraud", "1").tags


def test_a_version_that_nobody_saw_in_the_stage_is_not_archived_unseen(fraud, ada, grace):
    fraud.add_version("Fraud")
    asked = approved(ask(ada, "stage:Production", version="3", archive_existing_versions=True), grace)
    fraud.transition_stage("Fraud", "1", "None", archive_existing_versions=False)
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=False)
    with pytest.raises(ChampionChanged):
        services.promote(actor=by(ada), promote_request=asked)
    asked = approved(asked, grace)
    # An older version comes back beside the champion, which stays the newest.
    fraud.transition_stage("Fraud", "1", "Production", archive_existing_versions=False)
    with pytest.raises(EvidenceChanged, match="which other versions are in Production"):
        services.promote(actor=by(ada), promote_request=asked)
    assert set(fraud.holders("Fraud", asked.target)) == {"1", "2"}
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert set(fraud.holders("Fraud", asked.target)) == {"3"}


def test_a_copy_is_made_in_the_destination_and_numbered_there(fraud, ada, grace):
    fraud.add_version("prod.fraud")
    promoted = services.promote(actor=by(ada), promote_request=approved(ask(ada, "model:prod.fraud"), grace))
    assert promoted.promoted_version == "2"
    copy = fraud.get_version("prod.fraud", "2")
    assert copy.source == "models:/Fraud/2"
    assert copy.tags["checkpoint.approved_by"] == "grace"


@pytest.mark.parametrize("stage", ["Archived", "None"])
def test_a_version_can_go_to_a_stage_that_archives_nobody(fraud, ada, grace, stage):
    asked = ask(ada, f"stage:{stage}", version="1")
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert fraud.get_version("Fraud", "1").stage == stage


def test_holders_stay_when_archiving_is_not_asked_for(fraud, ada, grace):
    asked = ask(ada, "stage:Production", archive_existing_versions=False)
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert set(fraud.holders("Fraud", asked.target)) == {"1", "2"}


def test_a_promotion_asks_the_database_as_often_however_many_reviewed(fraud, ada, grace):
    counted = []
    for reviewers in (1, 7):
        version = fraud.add_version("Fraud").version
        asked = PromoteRequestFactory(actor=ada, version=version)
        for _ in range(reviewers):
            services.review(actor=by(UserFactory()), promote_request=asked, verdict="approve")
        asked.refresh_from_db()
        with CaptureQueriesContext(connection) as queries:
            services.promote(actor=by(grace), promote_request=asked)
        counted.append(len(queries))
    assert counted[0] == counted[1]
