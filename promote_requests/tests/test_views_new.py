import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from promote_requests import links
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.pages.new import view as new
from registry.exceptions import RegistryUnreachable
from registry.proposals import Change, Proposal
from registry.targets import Target

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.models import User
    from registry.fake import FakeRegistry

NEW = reverse("promote_requests:new")


def _client(user: "User") -> Client:
    client = Client()
    client.force_login(user)
    return client


def _get(user: "User", address: str = NEW) -> str:
    response = _client(user).get(address)
    assert response.status_code == 200
    return response.content.decode()


def _post(user: "User", **data: Any) -> "HttpResponse":
    given = {"model_name": "Fraud", "version": "2", "target": "stage:Production", "title": "Deeper trees", **data}
    return _client(user).post(NEW, given)


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_empty_form_offers_the_models(fraud: "FakeRegistry", ada: "User") -> None:
    html = _get(ada)
    assert '<option value="Fraud"></option>' in html
    assert html.count("btn-primary") == 1


def test_the_form_says_that_it_offers_the_newest_versions_only_and_how_an_older_one_is_chosen(
    fraud: "FakeRegistry", ada: "User"
) -> None:
    assert "versions are offered" not in _get(ada, f"{NEW}?model=Fraud")
    for _ in range(201):
        fraud.add_version("Large")
    html = _get(ada, f"{NEW}?model=Large")
    assert 'value="2"' in html
    assert '<option value="1"' not in html
    assert "The newest 200 versions are offered. For an older one open this form from its page in MLflow." in _text(
        html
    )
    assert '<option value="1" selected>' in _get(ada, f"{NEW}?model=Large&version=1")


def test_the_form_says_that_it_offers_the_first_models_only(
    fraud: "FakeRegistry", ada: "User", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "models are offered" not in _get(ada)
    fraud.add_model("Spam")
    monkeypatch.setattr(new, "MODELS_OFFERED", 1)
    assert "The first 1 models are offered. Any other can be typed." in _text(_get(ada))


def test_link_fills_in_the_form_and_shows_the_comparison(fraud: "FakeRegistry", ada: "User") -> None:
    html = _get(ada, links.form_path(Proposal("Fraud", "2", Target.parse("stage:Production"))))
    text = _text(html)
    assert 'value="Fraud version 2 to Production"' in html
    assert '<option value="2" selected>' in html
    assert '<option value="stage:Production" selected>' in html
    assert "ada wants Fraud version 2 to become Production, replacing version 1." in text
    assert "When promoted: MLflow moves Fraud version 2 to Production and archives version 1." in text
    assert 'class="row-changed"' in html
    assert not PromoteRequest.objects.exists()


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("stage:Production", "MLflow changed nothing: Production of Fraud is protected."),
        ("alias:champion", "MLflow changed nothing: @champion of Fraud is protected."),
        ("model:prod.fraud", "MLflow changed nothing: what prod.fraud holds is protected."),
    ],
)
def test_whoever_arrives_from_mlflow_reads_why(fraud: "FakeRegistry", ada: "User", refused: str, said: str) -> None:
    wanted = Proposal("Fraud", "2", Target.parse("stage:Production"))
    text = _text(_get(ada, links.form_path(wanted, refused=Target.parse(refused))))
    assert f"{said} Ask for the change here, and colleagues decide." in text
    assert "MLflow changed nothing" not in _text(_get(ada, links.form_path(wanted)))


def test_an_address_that_somebody_made_up_says_nothing_of_mlflow(fraud: "FakeRegistry", ada: "User") -> None:
    assert "MLflow changed nothing" not in _get(ada, "/checkpoint/promote-requests/new/?refused=everything")


def test_the_preview_says_what_reviewers_will_read_first(fraud: "FakeRegistry", ada: "User") -> None:
    fraud.files |= {("Fraud", version, "requirements.txt"): version.encode() for version in ("1", "2")}
    html = _get(ada, links.form_path(Proposal("Fraud", "2", Target.parse("stage:Production"))))
    assert "1 metric better" in _text(html[html.index('class="strip"') :])


def test_link_can_ask_not_to_archive(fraud: "FakeRegistry", ada: "User") -> None:
    path = links.form_path(Proposal("Fraud", "2", Target.parse("stage:Production"), archive_existing_versions=False))
    assert "beside version 1" in _text(_get(ada, path))


def test_link_can_ask_to_take_an_alias_away(fraud: "FakeRegistry", ada: "User") -> None:
    path = links.form_path(Proposal("Fraud", "1", Target.parse("alias:champion"), change=Change.REMOVE))
    assert "ada wants to take the alias champion away from Fraud version 1." in _text(_get(ada, path))


def test_copy_into_another_model_is_prefilled_with_its_name(fraud: "FakeRegistry", ada: "User") -> None:
    html = _get(ada, links.form_path(Proposal("Fraud", "2", Target.parse("model:prod.fraud"))))
    assert '<option value="model:" selected>' in html
    assert 'name="target_name" value="prod.fraud"' in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("model=Nobody", "There is no model, prompt, skill or MCP server “Nobody”."),
        ("model=Nobody&version=1&target=stage:Production", "There is no model, prompt, skill or MCP"),
        ("model=Fraud&version=9&target=stage:Production", "Fraud has no version 9."),
        ("model=Fraud&version=1&target=stage:Production", "version 1 is in Production already"),
        ("model=Fraud&version=2&target=stage:Live", "is not a stage"),
        ("model=Fraud&version=x&target=stage:Staging", "A version is a whole number"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(
    query: str, words: str, fraud: "FakeRegistry", ada: "User"
) -> None:
    assert words in _text(_get(ada, f"{NEW}?{query}"))


def test_refresh_shows_choices_without_opening_anything(fraud: "FakeRegistry", ada: "User") -> None:
    response = _post(ada, refresh="1", title="", description="typed")
    html = response.content.decode()
    assert response.status_code == 200
    assert "field-error" not in html
    assert ">\ntyped</textarea>" in html
    assert not PromoteRequest.objects.exists()


def test_suggested_title_follows_the_choice_until_somebody_writes_one(fraud: "FakeRegistry", ada: "User") -> None:
    suggested = {"refresh": "1", "suggested_title": "Fraud version 2 to Production", "target": "stage:Staging"}
    followed = _post(ada, title="Fraud version 2 to Production", **suggested).content.decode()
    kept = _post(ada, title="Deeper trees", **suggested).content.decode()
    assert 'name="title" value="Fraud version 2 to Staging"' in followed
    assert 'name="title" value="Deeper trees"' in kept


def test_sent_form_opens_the_request_and_shows_it(fraud: "FakeRegistry", ada: "User") -> None:
    response = _post(ada, description="Because.")
    made = PromoteRequest.objects.get()
    assert response.status_code == 302
    assert response["Location"] == made.get_absolute_url()
    assert (made.author, made.status, made.title, made.description) == (ada, Status.OPEN, "Deeper trees", "Because.")
    assert made.archive_existing_versions


def test_sent_form_asks_mlflow_for_no_menu(fraud: "FakeRegistry", ada: "User") -> None:
    fraud.calls.clear()
    assert _post(ada).status_code == 302
    made = [call for call, _ in fraud.calls]
    assert not {"search_models", "list_versions"} & set(made)
    assert made.count("get_model") == 1  # for what its tags and its description say


def test_unticked_box_that_was_shown_means_no(fraud: "FakeRegistry", ada: "User") -> None:
    _post(ada, archive_shown_for="stage:Production")
    assert not PromoteRequest.objects.get().archive_existing_versions


def test_form_can_be_kept_as_a_draft(fraud: "FakeRegistry", ada: "User") -> None:
    _post(ada, draft="1")
    assert PromoteRequest.objects.get().status == Status.DRAFT


def test_alias_and_destination_can_be_typed(fraud: "FakeRegistry", ada: "User") -> None:
    _post(ada, target="alias:", target_name="blue")
    _post(ada, target="model:", target_name="prod.fraud")
    assert {str(made.target) for made in PromoteRequest.objects.all()} == {"alias:blue", "model:prod.fraud"}


def test_alias_can_be_asked_away(fraud: "FakeRegistry", ada: "User") -> None:
    _post(ada, version="1", target="remove:alias:champion")
    assert PromoteRequest.objects.get().change == Change.REMOVE


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"title": ""}, "title", "Give the request a title of 1 to 200 characters."),
        ({"model_name": "Nobody"}, "model_name", "There is no registered model"),
        ({"version": "9"}, "version", "Fraud has no version 9."),
        ({"version": "1"}, "target", "version 1 is in Production already"),
        ({"target": "stage:Live"}, "target", "is not a stage"),
        ({"target": "alias:", "target_name": ""}, "target_name", "Type the name of the alias."),
        ({"target": "model:", "target_name": "Fraud"}, "target", "cannot be copied into its own model"),
    ],
)
def test_wrong_field_is_named_beside_it_and_nothing_typed_is_lost(
    data: dict[str, str], field: str, words: str, fraud: "FakeRegistry", ada: "User"
) -> None:
    response = _post(ada, description="Because.", **data)
    html = response.content.decode()
    error = re.search(rf'id="id_{field}_error">([^<]*)', html)
    assert response.status_code == 400
    assert error is not None
    assert words in error[1]
    assert ">\nBecause.</textarea>" in html
    assert not PromoteRequest.objects.exists()


def test_second_request_for_the_same_is_refused_with_a_link_to_the_first(
    open_request: PromoteRequest, ada: "User"
) -> None:
    response = _post(ada)
    html = response.content.decode()
    assert response.status_code == 409
    assert f'href="{open_request.get_absolute_url()}">Go to request #{open_request.number}</a>' in html
    assert PromoteRequest.objects.count() == 1


def test_request_that_exists_is_linked_before_the_form_is_sent(open_request: PromoteRequest, ada: "User") -> None:
    html = _get(ada, links.form_path(Proposal("Fraud", "2", open_request.target)))
    assert "This has been asked for already." in html
    assert open_request.get_absolute_url() in html


def test_form_without_mlflow_says_so_and_keeps_what_is_known(fraud: "FakeRegistry", ada: "User") -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    html = _get(ada, f"{NEW}?model=Fraud&version=2&target=stage:Production")
    assert "The choices are not available." in html
    assert "MLflow cannot be reached." in html
    assert 'value="Fraud"' in html
    assert 'name="version" value="2"' in html


def test_opening_without_mlflow_is_refused_and_nothing_typed_is_lost(fraud: "FakeRegistry", ada: "User") -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="get_facts")
    response = _post(ada, description="Because.")
    assert response.status_code == 502
    assert "The request was not opened." in response.content.decode()
    assert ">\nBecause.</textarea>" in response.content.decode()
    assert not PromoteRequest.objects.exists()


def test_prompt_offers_aliases_only(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("greeting", prompt_text="Hello")
    html = _get(ada, f"{NEW}?model=greeting&version=1")
    assert 'value="alias:champion"' in html
    assert "stage:Production" not in html


def test_form_without_a_csrf_token_opens_nothing(fraud: "FakeRegistry", ada: "User") -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    data = {"model_name": "Fraud", "version": "2", "target": "stage:Production", "title": "x"}
    assert client.post(NEW, data).status_code == 403
    assert not PromoteRequest.objects.exists()
