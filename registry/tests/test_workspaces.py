import pytest

from promote_requests import services
from promote_requests.api.inputs import ModelSearchSerializer
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import PromoteRequest
from promote_requests.pages.forms import initial_from_query
from registry.targets import Target
from registry.workspaces import canonical_workspace
from testing.factories import UserFactory, as_proposal


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("", ""), ("default", ""), (" default\t", ""), ("blue", "blue"), ("\u00a0blue ", "blue"), ("Default", "Default")],
)
def test_the_default_workspace_has_one_name(sent, meant):
    assert canonical_workspace(sent) == meant
    assert canonical_workspace(meant) == meant


@pytest.mark.django_db
def test_a_request_in_the_default_workspace_is_one_under_both_its_names(registry):
    registry.add_version("Fraud")
    wanted = {
        "actor": UserFactory(),
        "model_name": "Fraud",
        "version": "1",
        "target": Target.parse("stage:Production"),
        "title": "t",
    }
    assert services.create(**as_proposal(wanted | {"workspace": "default"})).workspace == ""
    with pytest.raises(DuplicateRequest):
        services.create(**as_proposal(dict(wanted)))
    assert PromoteRequest.objects.count() == 1


def test_links_and_the_api_read_the_default_workspace_as_no_workspace(rf):
    assert initial_from_query(rf.get("/?workspace=default").GET)["workspace"] == ""
    serializer = ModelSearchSerializer(data={"workspace": "default"})
    assert serializer.is_valid()
    assert serializer.validated_data["workspace"] == ""
