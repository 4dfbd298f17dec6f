import html as html_text
import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse, reverse_lazy

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from registry import fake
from registry.exceptions import RegistryUnreachable
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry

LIST = reverse("promote_requests:list")
INBOX = reverse("promote_requests:inbox")
MODELS = reverse("promote_requests:models")
PAGES = [LIST, INBOX, MODELS, reverse("promote_requests:new"), reverse("promote_requests:model", args=["Fraud"])]


def _as(user: "User") -> Client:
    client = Client()
    client.force_login(user)
    return client


def _html(user: "User", address: str, **query: str) -> str:
    response = _as(user).get(address, query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("address", [*PAGES, "/checkpoint/promote-requests/1/"])
def test_nobody_sees_a_page_without_signing_in(address: str) -> None:
    response = Client().get(address)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_a_requests_address_without_its_number_leads_to_the_list(ada: "User") -> None:
    response = _as(ada).get("/checkpoint/promote-requests/", {"q": "is:open"})
    assert (response.status_code, response["Location"]) == (302, f"{LIST}?q=is%3Aopen")


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_whole_and_name_the_person(address: str, fraud: "FakeRegistry", ada: "User") -> None:
    html = _html(ada, address)
    for piece in ('<main id="main"', 'aria-label="Main"', "Account of ada", 'href="/"', "/checkpoint/accounts/tokens/"):
        assert piece in html
    assert "Administration" not in html


def test_staff_find_the_administration(fraud: "FakeRegistry", ada: "User") -> None:
    ada.is_staff = True
    ada.save()
    assert "Administration" in _html(ada, LIST)


def test_empty_list_explains_how_to_make_the_first_request(ada: "User") -> None:
    html = _html(ada, LIST)
    assert "No promote request yet" in html
    assert html.count("<li>") == 3


def test_search_without_a_hit_leads_back_to_all(open_request: "PromoteRequest", ada: "User") -> None:
    html = _html(ada, LIST, q="is:open nothing-like-this")
    assert "Nothing matches" in html
    assert "Show all open requests" in html
    assert "No promote request yet" not in html


def test_row_says_what_is_to_go_where_and_what_is_missing(open_request: "PromoteRequest", grace: "User") -> None:
    services.comment(actor=by(grace), promote_request=open_request, body="Nice.")
    html = _html(grace, LIST)
    assert f'href="{open_request.get_absolute_url()}">{open_request.title}</a>' in html
    for words in ("Fraud version 2", "Production", "by ada", "Review required", " UTC"):
        assert words in html
    assert '1<span class="visually-hidden"> comment</span>' in html


def test_title_is_shown_as_text(fraud: "FakeRegistry", ada: "User") -> None:
    PromoteRequestFactory(actor=ada, title="<b>bold</b>")
    html = _html(ada, LIST)
    assert "&lt;b&gt;bold&lt;/" in html
    assert "<b>bold" not in html


def test_tabs_count_each_state(open_request: "PromoteRequest", ada: "User") -> None:
    services.withdraw(actor=by(ada), promote_request=open_request)
    html = _html(ada, LIST)
    assert 'Open <span class="count">0</span>' in html
    assert 'Closed <span class="count">1</span>' in html
    assert open_request.title not in html
    assert open_request.title in _html(ada, LIST, q="is:closed")


def test_menus_write_into_the_search(open_request: "PromoteRequest", ada: "User") -> None:
    html = _html(ada, LIST, q="is:open recall")
    for query in ("is%3Aopen+model%3AFraud+recall", "is%3Aopen+author%3A%40me+recall", "review%3Aapproved+recall"):
        assert query in html


def test_what_was_not_understood_is_said_and_left_in_the_box(ada: "User") -> None:
    html = _html(ada, LIST, q="is:maybe")
    assert "is:maybe is not understood" in html
    assert 'value="is:maybe"' in html


def test_long_list_comes_in_pages_newest_first(fraud: "FakeRegistry", ada: "User") -> None:
    for _ in range(26):
        version = fraud.add_version("Churn").version
        PromoteRequestFactory(actor=ada, model_name="Churn", version=version, title=f"number {version} end")
    first, second = _html(ada, LIST), _html(ada, LIST, page="2")
    assert "number 26 end" in first
    assert "number 1 end" not in first
    assert "number 1 end" in second
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in _html(ada, LIST, page="99")


def test_list_costs_the_same_however_many_requests(
    fraud: "FakeRegistry", ada: "User", grace: "User", django_assert_max_num_queries
) -> None:
    for _ in range(12):
        version = fraud.add_version("Churn").version
        made = PromoteRequestFactory(actor=ada, model_name="Churn", version=version)
        services.review(actor=by(grace), promote_request=made, verdict=Verdict.COMMENT, body="Hm.")
    client = _as(grace)
    fraud.calls.clear()
    with django_assert_max_num_queries(21):
        assert client.get(LIST).status_code == 200
    with django_assert_max_num_queries(28):
        assert client.get(LIST, {"q": "is:open review:required"}).status_code == 200
    assert fraud.calls == []


@pytest.mark.parametrize(
    "address",
    [
        LIST,
        f"{LIST}?q=is%3Apromoted",
        f"{LIST}?q=is%3Aopen+review%3Arequired",
        reverse_lazy("promote_requests:inbox"),
        "/checkpoint/api/promote-requests/",
        reverse_lazy("admin:promote_requests_promoterequest_changelist"),
    ],
)
def test_no_list_loads_frozen_evidence(open_request: "PromoteRequest", grace: "User", address: str) -> None:
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    PromoteRequestFactory(target=Target.parse("alias:champion"))
    client = _as(AdministratorFactory())
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    assert "challenger_evidence" not in "".join(query["sql"] for query in queries)


def test_inbox_holds_what_others_ask_and_this_person_has_not_judged(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    assert open_request.title in _html(grace, INBOX)
    assert '<span data-number>1</span><span class="visually-hidden"> for you' in _html(grace, INBOX)
    assert "Nothing waits for you" in _html(ada, INBOX)
    assert open_request.title in _html(ada, INBOX)
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    assert open_request.title not in _html(grace, INBOX)


def test_draft_waits_in_nobodys_inbox(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    made = PromoteRequestFactory(actor=ada, draft=True)
    assert made.title not in _html(grace, INBOX)
    assert made.title in _html(ada, INBOX)


def test_request_comes_back_to_the_inbox_when_it_is_reopened(
    open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User", ada: "User"
) -> None:
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert open_request.title not in _html(grace, INBOX)
    services.withdraw(actor=by(ada), promote_request=open_request)
    open_request.refresh_from_db()
    services.reopen(actor=by(ada), promote_request=open_request)
    assert open_request.title in _html(grace, INBOX)


def test_models_show_aliases_and_open_requests(open_request: "PromoteRequest", ada: "User") -> None:
    html = _html(ada, MODELS)
    assert reverse("promote_requests:model", args=["Fraud"]) in html
    assert "@champion: version 1" in html
    assert '<td data-label="Open requests">1</td>' in html


def test_models_are_searched_by_name(fraud: "FakeRegistry", ada: "User") -> None:
    fraud.add_version("Churn")
    html = _html(ada, MODELS, q="chu")
    assert ">Churn</a>" in html
    assert ">Fraud</a>" not in html
    assert "Nothing matches" in _html(ada, MODELS, q="zzz")


def test_model_page_offers_a_request_for_each_version(open_request: "PromoteRequest", ada: "User") -> None:
    html = _html(ada, reverse("promote_requests:model", args=["Fraud"]))
    assert "Version 1</a>" in html
    assert "/promote-requests/new/?model=Fraud&amp;version=2" in html
    assert open_request.title in html
    assert "/#/models/Fraud/versions/2" in html


def test_every_version_of_a_model_is_on_one_of_its_pages(registry: "FakeRegistry", ada: "User") -> None:
    for _ in range(120):
        registry.add_version("Large")
    address, shown = reverse("promote_requests:model", args=["Large"]), []
    client = _as(ada)
    while address:
        html = client.get(address).content.decode()
        shown += re.findall(r"Version (\d+)</a>", html)
        older = re.search(r'href="([^"]*)"[^>]*>Older versions</a>', html)
        address = address.partition("?")[0] + html_text.unescape(older[1]) if older else ""
    assert shown == [str(number) for number in range(120, 0, -1)]
    assert "Newest versions</a>" in html
    assert "No older version" in _html(ada, reverse("promote_requests:model", args=["Large"]), below="1")


@pytest.mark.parametrize("below", ["0", "-1", "x", "9" * 30, "9" * 5000, "%00"])
def test_an_odd_page_of_versions_is_the_first_one(registry: "FakeRegistry", ada: "User", below: str) -> None:
    registry.add_version("Fraud")
    html = _html(ada, f"{reverse('promote_requests:model', args=['Fraud'])}?below={below}")
    assert "Version 1</a>" in html


@pytest.mark.parametrize("name", ["two\nlines\r\u2028", "%2e?#&", "<b>'\"", "🏦" * 256])
def test_models_are_shown_whatever_they_are_called(registry: "FakeRegistry", ada: "User", name: str) -> None:
    registry.add_version(name)
    client = _as(ada)
    assert client.get(MODELS).status_code == 200
    assert client.get(reverse("promote_requests:model", args=[name])).status_code == 200
    asked = PromoteRequestFactory(model_name=name, version="1")
    assert client.get(asked.get_absolute_url()).status_code == 200
    assert client.get(LIST).status_code == 200


def test_prompt_has_no_stages(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("greeting", prompt_text="Hello")
    html = _html(ada, reverse("promote_requests:model", args=["greeting"]))
    assert "Prompt" in html
    assert ">Stage<" not in html
    assert "/#/prompts/greeting" in html


def test_unknown_model_is_not_found(registry: "FakeRegistry", ada: "User") -> None:
    response = _as(ada).get(reverse("promote_requests:model", args=["nobody"]), headers={"accept": "text/html"})
    assert response.status_code == 404
    assert (
        "There is no registered model, prompt, skill or MCP server &#x27;nobody&#x27; in MLflow."
        in response.content.decode()
    )


@pytest.mark.parametrize("address", [MODELS, reverse("promote_requests:model", args=["Fraud"])])
def test_models_say_that_mlflow_does_not_answer(address: str, fraud: "FakeRegistry", ada: "User") -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    response = _as(ada).get(address)
    assert response.status_code == 502
    assert b"MLflow does not answer." in response.content
    assert b"MLflow cannot be reached." in response.content
    assert LIST.encode() in response.content


def test_list_and_inbox_need_no_mlflow(open_request: "PromoteRequest", fraud: "FakeRegistry", grace: "User") -> None:
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    assert open_request.title in _html(grace, LIST)
    assert open_request.title in _html(grace, INBOX)


def test_copy_is_shown_with_its_destination(fraud: "FakeRegistry", ada: "User") -> None:
    PromoteRequestFactory(actor=ada, target=Target.parse("model:prod.fraud"))
    assert "prod.fraud" in _html(ada, LIST)


def test_models_of_every_workspace_that_mlflow_has_are_one_click_away(fraud: "FakeRegistry", ada: "User") -> None:
    fake.connect("team-c").add_version("Spam")
    assert (
        'href="/checkpoint/models/?workspace=team-c"'
        in _as(ada).get(reverse("promote_requests:models")).content.decode()
    )


def test_models_of_every_workspace_that_requests_are_about_are_one_click_away(
    registry: "FakeRegistry", ada: "User"
) -> None:
    registry.add_version("Churn")
    other = fake.connect("team-b")
    other.add_version("Fraud", run_id="r", experiment_id="7")
    made = PromoteRequestFactory(
        actor=ada, model_name="Fraud", version="1", workspace="team-b", target=Target.parse("alias:champion")
    )
    client = _as(ada)
    page = client.get(reverse("promote_requests:models")).content.decode()
    assert 'href="/checkpoint/models/?workspace=team-b"' in page
    page = client.get(reverse("promote_requests:models"), {"workspace": "team-b"}).content.decode()
    assert 'href="/checkpoint/models/Fraud/?workspace=team-b"' in page
    for address in (made.get_absolute_url(), "/checkpoint/models/Fraud/?workspace=team-b"):
        page = client.get(address).content.decode()
        assert "/#/models/Fraud/versions/1?workspace=team-b" in page
        assert 'versions/1"' not in page


@pytest.mark.parametrize("name", ["a b", "../..", "<", "{{7*7}}", "-a", "a-", "a\u202eb", "a" * 257])
def test_a_workspace_that_cannot_be_called_so_is_the_callers_fault(
    registry: "FakeRegistry", ada: "User", name: str
) -> None:
    assert _as(ada).get(reverse("promote_requests:models"), {"workspace": name}).status_code == 404
    assert Api(ada).get("models/", workspace=name).status_code == 400
    assert registry.calls == []


def test_the_address_of_a_prompt_in_mlflow_is_that_of_its_screen(registry: "FakeRegistry", ada: "User") -> None:
    registry.add_version("greeting", prompt_text="Hello")
    made = PromoteRequestFactory(actor=ada, model_name="greeting", version="1", target=Target.parse("alias:champion"))
    body = Api(ada).get(f"promote-requests/{made.number}/").json()
    assert body["mlflow_url"].endswith("/#/prompts/greeting")
    (version,) = Api(ada).get("models/greeting/versions/").json()["results"]
    assert version["mlflow_url"].endswith("/#/prompts/greeting")


def _page_at(user: "User", address: str) -> str:
    return _as(user).get(address).content.decode()


def _words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_any_two_versions_are_compared_without_a_request(fraud: "FakeRegistry", grace: "User") -> None:
    html = _page_at(grace, "/checkpoint/compare/?model=Fraud&version=2&with=1")
    text = _words(html)
    assert "Version 1 and Version 2" in text
    assert "1 metric better" in text
    assert 'data-label="Version 1"' in html
    assert "Champion" not in text
    assert "/promote-requests/new/?model=Fraud&amp;version=2" in html
    assert not PromoteRequest.objects.exists()


def test_versions_of_two_models_are_compared_by_their_names(fraud: "FakeRegistry", grace: "User") -> None:
    fraud.add_version("Other", metrics={"auc": 0.5})
    text = _words(_page_at(grace, "/checkpoint/compare/?model=Fraud&version=2&with_model=Other&with=1"))
    assert "Other version 1 and Fraud version 2" in text


def test_the_comparison_page_says_what_to_do_and_what_is_not_there(fraud: "FakeRegistry", grace: "User") -> None:
    assert "Two versions side by side" in _page_at(grace, "/checkpoint/compare/")
    missing = _as(grace).get("/checkpoint/compare/?model=Fraud&version=2&with=77")
    assert missing.status_code == 404
    assert "There is no comparison." in missing.content.decode()
    assert 'value="77"' in missing.content.decode()


def test_a_models_page_leads_to_the_comparison_with_the_version_before(fraud: "FakeRegistry", grace: "User") -> None:
    html = _page_at(grace, "/checkpoint/models/Fraud/")
    assert 'href="/checkpoint/compare/?model=Fraud&amp;version=2&amp;with=1"' in html
    assert "with=0" not in html
