"""An objection outlives the request that it was made to."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from foundation.exceptions import NotAllowed, WrongState
from notifications.choices import Event
from notifications.models import Message
from promote_requests import services
from promote_requests.choices import Action, Status, Verdict
from promote_requests.exceptions import DuplicateRequest, RuleNotMet
from promote_requests.models import PromoteRequest
from promote_requests.tests.hands import people
from promote_requests.tests.hands.people import drafted, fresh, handed_over, judge, rule, signed_in
from registry.targets import Target
from testing.factories import PromoteRequestFactory, promoting
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
linus = people.linus
nightly = people.nightly


@pytest.mark.parametrize("by_way_of", ["a draft that waited", "a draft withdrawn later", "an older request"])
def test_an_objection_does_not_vanish_by_way_of(fraud, ada, grace, linus, by_way_of):
    older = services.withdraw(actor=by(linus), promote_request=PromoteRequestFactory(actor=linus))
    waiting = drafted(linus)
    asked = PromoteRequestFactory(actor=ada)
    judge(grace, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    services.withdraw(actor=by(ada), promote_request=asked)
    attempts = {
        "a draft that waited": lambda: services.submit(actor=by(linus), promote_request=waiting),
        "a draft withdrawn later": lambda: PromoteRequestFactory(actor=ada),
        "an older request": lambda: services.reopen(actor=by(linus), promote_request=older),
    }
    if by_way_of != "a draft that waited":
        services.withdraw(actor=by(linus), promote_request=waiting)
    with pytest.raises(DuplicateRequest, match="grace"):
        attempts[by_way_of]()
    reopened = services.reopen(actor=by(ada), promote_request=fresh(asked))
    assert not services.decision_of(reopened).is_approved


@pytest.mark.parametrize("way", ["reopen", "submit", "create"])
def test_an_objection_that_comes_while_mlflow_answers_does_not_vanish_either(fraud, ada, grace, linus, way):
    older = services.withdraw(actor=by(linus), promote_request=PromoteRequestFactory(actor=linus))
    waiting = drafted(linus)
    if way != "submit":
        services.withdraw(actor=by(linus), promote_request=waiting)
    asked = [PromoteRequestFactory(actor=ada)] if way != "create" else []
    is_asked = []

    def meanwhile():
        if is_asked:
            return
        is_asked.append(True)
        other = asked[0] if asked else PromoteRequestFactory(actor=ada)
        judge(grace, other, Verdict.REQUEST_CHANGES, body="Show the recall.")
        services.withdraw(actor=by(ada), promote_request=other)

    fraud.before("holders", meanwhile)
    attempts = {
        "reopen": lambda: services.reopen(actor=by(linus), promote_request=older),
        "submit": lambda: services.submit(actor=by(linus), promote_request=waiting),
        "create": lambda: PromoteRequestFactory(actor=linus),
    }
    with pytest.raises(DuplicateRequest, match="grace"):
        attempts[way]()
    assert is_asked
    assert not PromoteRequest.objects.open().exists()


def objected_and_withdrawn(author, objector):
    """Returns a request of which changes were asked and that was withdrawn then, and the review that asks for them."""
    asked = PromoteRequestFactory(actor=author)
    judge(objector, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    services.withdraw(actor=by(author), promote_request=asked)
    return fresh(asked), asked.reviews.get().pk


@pytest.mark.parametrize("nobody_reopens_it_as", ["its author has left", "its author was handed over"])
def test_an_objection_to_a_closed_request_is_dismissed_by_who_has_the_right(
    fraud, ada, grace, linus, nightly, nobody_reopens_it_as
):
    """Nobody else could lift it, and nobody ask for that version again."""
    root = AdministratorFactory(username="root")
    asked, objection = objected_and_withdrawn(nightly if "handed" in nobody_reopens_it_as else ada, grace)
    if "handed" in nobody_reopens_it_as:
        handed_over(nightly, linus)
    else:
        ada.is_active = False
        ada.save()
    with pytest.raises(DuplicateRequest, match="or somebody with the right dismisses it there"):
        PromoteRequestFactory(actor=linus)
    for person in (root, grace):
        with pytest.raises(NotAllowed, match="can reopen it"):
            services.reopen(actor=by(person), promote_request=fresh(asked))
    assert Action.DISMISS not in services.actions_for(by(grace), fresh(asked))
    assert Action.DISMISS in services.actions_for(by(root), fresh(asked))
    assert "Dismiss this objection" in signed_in(root).get(asked.get_absolute_url()).content.decode()
    lifted = services.dismiss(actor=by(root), promote_request=fresh(asked), review=objection, reason="She has left.")
    assert (lifted.status, lifted.reviews.get().dismissal.reason) == (Status.CLOSED, "She has left.")
    assert Message.objects.filter(event=Event.DISMISSED, request_number=asked.number).exists()
    assert Action.DISMISS not in services.actions_for(by(root), fresh(asked))
    PromoteRequestFactory(actor=linus)


def test_an_objection_to_a_closed_request_is_not_dismissed_by_its_author_or_without_the_right(ada, fraud, grace, linus):
    author = AdministratorFactory(username="root")
    asked, objection = objected_and_withdrawn(author, grace)
    for person, says in ((author, "somebody else has to judge it"), (linus, "permission to dismiss reviews")):
        assert Action.DISMISS not in services.actions_for(by(person), asked)
        with pytest.raises(NotAllowed, match=says):
            services.dismiss(actor=by(person), promote_request=asked, review=objection, reason="It is fine.")


def test_what_is_in_nobodys_way_any_more_is_not_dismissed_on_a_closed_request(fraud, ada, grace):
    """The same was asked for again, and met the rules or ended without an objection: there is nothing to lift."""
    root = AdministratorFactory()
    asked, objection = objected_and_withdrawn(ada, grace)
    PromoteRequest.objects.filter(pk=asked.pk).update(closed_at=asked.closed_at - timedelta(days=1))
    other = PromoteRequestFactory(actor=ada, target=Target.parse("stage:Staging"))
    services.withdraw(actor=by(ada), promote_request=other)
    assert Action.DISMISS in services.actions_for(by(root), fresh(asked))
    PromoteRequest.objects.filter(pk=other.pk).update(target_name="Production", target_key="production")
    assert Action.DISMISS not in services.actions_for(by(root), fresh(asked))
    with pytest.raises(WrongState, match="does not block"):
        services.dismiss(actor=by(root), promote_request=fresh(asked), review=objection, reason="Long ago.")


def test_an_objection_outlives_a_hand_over_to_who_objected(ada, grace, linus, nightly):
    """Left out, it would come back while the request is promoted, where nobody could lift it."""
    asked = PromoteRequestFactory(actor=nightly)
    judge(grace, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    objection = asked.reviews.get().pk
    handed_over(nightly, grace)
    judge(linus, fresh(asked))
    says = "grace asked for changes and answers for nightly now, so may not approve:"
    (missing,) = services.decision_of(fresh(asked)).unmet
    assert missing.sentence == f"{says} somebody with the right has to dismiss it."
    assert says in signed_in(linus).post(f"{asked.get_absolute_url()}now/").content.decode()
    with pytest.raises(RuleNotMet, match="grace asked for changes"):
        services.promote(actor=by(linus), promote_request=fresh(asked))
    services.dismiss(
        actor=by(AdministratorFactory()), promote_request=fresh(asked), review=objection, reason="Hers now."
    )
    assert services.decision_of(fresh(asked)).is_approved
    services.promote(actor=by(linus), promote_request=fresh(asked))
    assert fresh(asked).status == Status.PROMOTED


def test_an_objection_that_was_lifted_before_a_hand_over_stays_lifted(ada, grace, linus, nightly):
    rule(conditions={"approvals": 2}, promote_when="pressed")
    asked = PromoteRequestFactory(actor=nightly)
    judge(grace, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    judge(grace, asked)
    handed_over(nightly, grace)
    (missing,) = services.decision_of(fresh(asked)).unmet
    assert missing.sentence == "2 more approvals are needed, by somebody other than nightly."


SPELLINGS = ["Champion", "champ\u0131on", "champ\u00efon"]
"""Of `champion`, by rules; MLflow's database may take each for the same alias, or for another one."""


def aliased(author, alias, **values):
    return PromoteRequestFactory(actor=author, target=Target.parse(f"alias:{alias}"), **values)


@pytest.mark.parametrize("alias", SPELLINGS)
def test_an_objection_is_about_an_alias_in_every_spelling(fraud, ada, grace, linus, alias):
    asked = aliased(ada, "champion")
    judge(grace, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    services.withdraw(actor=by(ada), promote_request=asked)
    waiting = aliased(linus, "challenger", draft=True)
    PromoteRequest.objects.filter(pk=waiting.pk).update(target_name=alias, target_key="champion")
    for attempt in (
        lambda: aliased(ada, alias),
        lambda: services.submit(actor=by(linus), promote_request=fresh(waiting)),
    ):
        with pytest.raises(DuplicateRequest, match=r"grace asked for .* \(there it is spelled champion,"):
            attempt()
    services.reopen(actor=by(ada), promote_request=fresh(asked))


@pytest.mark.parametrize("alias", SPELLINGS)
def test_beside_a_request_that_is_under_way_no_other_spelling_is_asked_for(fraud, ada, grace, alias):
    """Whoever objects to the one would otherwise have said nothing of the other, and it would be promoted."""
    asked = aliased(ada, "champion")
    with pytest.raises(DuplicateRequest, match=rf"#{asked.number} already .* \(there it is spelled champion,"):
        aliased(ada, alias)
    judge(grace, asked)
    assert fresh(asked).status == Status.PROMOTED
    # Two aliases, as most databases have them: the one is there, the other may be asked for.
    other = aliased(ada, alias)
    assert (other.target.name, other.target_key) == (alias, "champion")


@pytest.mark.parametrize("alias", SPELLINGS)
def test_two_promotions_to_one_alias_in_two_spellings_do_not_overlap(fraud, ada, alias):
    fraud.add_version("Fraud")
    promoting(aliased(ada, "champion"))
    with pytest.raises(IntegrityError), transaction.atomic():
        promoting(aliased(ada, alias, version="3"))


def test_no_way_of_writing_a_row_leaves_out_what_its_names_are_compared_by(fraud, ada):
    asked = aliased(ada, "champion")
    values = {field.attname: getattr(asked, field.attname) for field in PromoteRequest._meta.concrete_fields}
    values |= {"number": None, "status": Status.DRAFT, "is_private": True, "target_key": "", "model_key": ""}
    PromoteRequest.objects.bulk_create([PromoteRequest(**values | {"target_name": "CHAMPION"})])
    made = PromoteRequest.objects.get(status=Status.DRAFT)
    assert (made.model_key, made.target_key) == ("fraud", "champion")
    with pytest.raises(IntegrityError), transaction.atomic():
        PromoteRequest.objects.bulk_create([PromoteRequest(**values | {"target_name": "Champion"})])
