import pytest
from django.test import Client

from promote_requests import sentences, services
from promote_requests.choices import Status, Verdict
from promote_requests.sentences import Story
from promote_requests.services.moves.demotion import is_demotion, loses, loss_of
from registry.exceptions import RegistryUnreachable
from registry.proposals import Change, Proposal
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory
from testing.people import by

pytestmark = pytest.mark.django_db


def proposal(target, change=Change.SET, version="1"):
    return Proposal("Fraud", version, Target.parse(target), change)


@pytest.mark.parametrize(
    ("asked", "leaving", "lost", "is_one"),
    [
        (proposal("stage:Archived"), "Production", "stage:Production", True),
        (proposal("stage:None"), "Staging", "stage:Staging", True),
        (proposal("stage:Staging"), "Production", "stage:Production", False),
        (proposal("stage:Production"), "None", None, False),
        (proposal("stage:Archived"), "None", None, False),
        (proposal("alias:champion", Change.REMOVE), "", "alias:champion", True),
        (proposal("alias:champion"), "", None, False),
        (proposal("status:deprecated"), "active", "status:active", True),
    ],
)
def test_what_a_change_takes_out_of_use(asked, leaving, lost, is_one):
    found = loses(asked, leaving)
    assert (None if found is None else str(found)) == lost
    assert is_demotion(asked, leaving) is is_one


@pytest.mark.parametrize(
    ("target", "others", "words"),
    [
        (
            "stage:Production",
            (),
            "No version of Fraud is in Production then: whoever loads models:/Fraud/Production is served nothing, "
            "until another version gets there.",
        ),
        (
            "alias:champion",
            (),
            "No version of Fraud has @champion then: whoever loads models:/Fraud@champion is served nothing, until "
            "another version gets there.",
        ),
        ("stage:Production", ("4", "2"), "Whoever loads models:/Fraud/Production gets version 4 then."),
        ("status:active", ("4",), "Version 4 of Fraud stays active."),
        ("status:active", ("4", "2"), "Versions 4 and 2 of Fraud stay active."),
        (
            "status:active",
            (),
            "No version of Fraud is active then: whoever asks for its latest version gets none.",
        ),
    ],
)
def test_it_is_said_who_is_served_what_then(target, others, words):
    assert sentences.left_without("Fraud", Target.parse(target), others) == words


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("stage:Archived", Status.OPEN, "ada wants Fraud version 1 to leave Production and be archived."),
        ("stage:None", Status.OPEN, "ada wants Fraud version 1 to leave Production."),
        ("stage:Archived", Status.PROMOTED, "Fraud version 1 left Production and was archived."),
        ("stage:None", Status.PROMOTED, "Fraud version 1 left Production."),
    ],
)
def test_a_demotion_is_worded_so(target, status, words):
    story = Story(proposal(target), "ada", None, status, leaves="Production")
    assert sentences.sentence(story) == words


def test_another_holder_goes_on_being_served(fraud):
    fraud.add_version("Fraud", stage="Production")
    loss = loss_of(fraud, proposal("stage:Archived"), "Production")
    assert loss.others == ("3",)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def demotion(fraud, ada):
    """Gives ada's request to take version 1 out of Production."""
    return PromoteRequestFactory(actor=ada, version="1", target=Target.parse("stage:Archived"))


def test_the_page_says_what_is_left_without_a_champion(demotion, ada):
    page = as_(ada).post(f"{demotion.get_absolute_url()}now/").content.decode()
    assert "This takes version 1 out of use." in page
    assert "is served nothing, until another version gets there." in " ".join(page.replace("<wbr>", "").split())


def test_the_page_is_shown_where_mlflow_is_away(demotion, ada, fraud):
    fraud.fail_next(RegistryUnreachable("away"), call="holders")
    assert as_(ada).post(f"{demotion.get_absolute_url()}now/").status_code == 200


def test_the_form_says_it_before_it_is_asked_for(fraud, ada):
    query = {"model": "Fraud", "version": "1", "target": "stage:Archived"}
    page = as_(ada).get("/checkpoint/promote-requests/new/", query).content.decode().replace("<wbr>", "")
    assert "whoever loads models:/Fraud/Production is served nothing" in page
    query |= {"target": "alias:champion", "change": "remove"}
    page = as_(ada).get("/checkpoint/promote-requests/new/", query).content.decode().replace("<wbr>", "")
    assert "whoever loads models:/Fraud@champion is served nothing" in page


def test_the_rule_of_what_is_left_judges_it(demotion, ada, grace, fraud):
    assert services.requirement_of(demotion).is_protected
    services.review(actor=by(grace), promote_request=demotion, verdict=Verdict.APPROVE)
    assert fraud.get_version("Fraud", "1").stage == "Archived"


def test_the_api_says_what_is_lost(demotion, ada):
    shown = Api(ada).get(f"promote-requests/{demotion.number}/").json()
    assert shown["loses"] == {"kind": "stage", "name": "Production"}


def test_a_models_page_leads_to_the_demotion_of_what_is_in_use(open_request, fraud, ada, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    page = as_(ada).get("/checkpoint/models/Fraud/").content.decode()
    assert "Take out of use" in page
    assert "model=Fraud&amp;version=2&amp;target=stage%3AArchived" in page
