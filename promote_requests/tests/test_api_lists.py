from urllib.parse import parse_qs, quote, urlsplit

import pytest

from promote_requests import services
from registry.measurements import Measurement, Origin
from registry.targets import Target
from testing.api_client import Api, assert_refused
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = [pytest.mark.django_db, pytest.mark.every_database]


@pytest.fixture
def three(fraud, ada, grace):
    """Gives ada's open request, ada's approved one that waits, and grace's closed one, by name."""
    fraud.add_version("prod/credit risk")
    first = PromoteRequestFactory(actor=ada, title="Fraud to Production")
    second = PromoteRequestFactory(actor=ada, title="Fraud challenger", target=Target.parse("alias:shadow"))
    services.review(actor=by(UserFactory()), promote_request=second, verdict="request_changes", body="Not yet.")
    third = PromoteRequestFactory(
        actor=grace, model_name="prod/credit risk", version="1", target=Target.parse("stage:Staging"), title="Credit"
    )
    services.withdraw(actor=by(grace), promote_request=third)
    return {"first": first, "second": second, "third": third}


def titles(user, **query):
    response = Api(user).get("promote-requests/", **query)
    assert response.status_code == 200, response.content
    return [result["title"] for result in response.json()["results"]]


def test_the_newest_request_comes_first(three, ada):
    assert titles(ada) == ["Credit", "Fraud challenger", "Fraud to Production"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "closed"}, ["Credit"]),
        ({"status": ["open", "closed"]}, ["Credit", "Fraud challenger", "Fraud to Production"]),
        ({"status": "promoted"}, []),
        ({"model_name": "Fraud"}, ["Fraud challenger", "Fraud to Production"]),
        ({"model_name": "prod/credit risk"}, ["Credit"]),
        ({"author": "grace"}, ["Credit"]),
        ({"author": "@me"}, ["Fraud challenger", "Fraud to Production"]),
        ({"author": "nobody"}, []),
        ({"version": "1"}, ["Credit"]),
        ({"target": "stage:Production"}, ["Fraud to Production"]),
        ({"target": "shadow"}, ["Fraud challenger"]),
        ({"target": "alias:Production"}, []),
        ({"workspace": "team-a"}, []),
        ({"search": "challenger"}, ["Fraud challenger"]),
        ({"search": "fraud target:stage:Production"}, ["Fraud to Production"]),
        ({"search": "is:closed"}, ["Credit"]),
        ({"review_decision": "changes_requested"}, ["Fraud challenger"]),
        ({"review_decision": "review_required"}, ["Fraud to Production"]),
        ({"review_decision": "approved"}, []),
        ({"ordering": "created_at"}, ["Fraud to Production", "Fraud challenger", "Credit"]),
        ({"ordering": "-number"}, ["Credit", "Fraud challenger", "Fraud to Production"]),
        ({"status": "open", "author": "ada", "target": "shadow"}, ["Fraud challenger"]),
    ],
)
def test_a_filter_shows_what_it_names(three, ada, query, expected):
    assert titles(ada, **query) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "merged"}, "status"),
        ({"review_decision": "maybe"}, "review_decision"),
        ({"ordering": "password"}, "ordering"),
        ({"search": "is:merged"}, "search"),
        ({"search": "x" * 501}, "search"),
        ({"state": "open"}, "state"),
        ({"model_name": "nul\x00"}, "model_name"),
        ({"state\x00": "open"}, "state\x00"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(three, ada, query, field):
    refused = Api(ada).get("promote-requests/", **query)
    assert_refused(refused, 400, "INVALID_PARAMETER_VALUE", field=field)


def test_pages_have_a_size_and_lead_to_each_other(three, ada):
    first = Api(ada).get("promote-requests/", page_size=2).json()
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    assert "page=2" in first["next"]
    second = Api(ada).get("promote-requests/", page_size=2, page=2).json()
    assert (len(second["results"]), second["next"]) == (1, None)


@pytest.mark.parametrize("page", ["3", "0", "-1", "x", "9" * 30, "9" * 5000])
def test_a_page_that_does_not_exist_is_not_found(three, ada, page):
    refused = Api(ada).get("promote-requests/", page_size=2, page=page)
    assert_refused(refused, 404, "RESOURCE_DOES_NOT_EXIST")


def test_models_are_found_by_part_of_their_name(fraud, ada):
    fraud.add_version("prod/credit risk", aliases=("champion",))
    fraud.add_model("a prompt", is_prompt=True)
    found = Api(ada).get("models/", search="CREDIT").json()["results"]
    assert [(model["name"], model["aliases"]) for model in found] == [("prod/credit risk", {"champion": "1"})]
    assert found[0]["mlflow_url"] == "http://localhost:5000/#/models/prod%2Fcredit%20risk"
    assert [model["is_prompt"] for model in Api(ada).get("models/").json()["results"]] == [False, True, False]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": 0}, "page"),
        ({"page": "x"}, "page"),
        ({"page": "9" * 5000}, "page"),
        ({"page_size": 101}, "page_size"),
        ({"limit": 5}, "limit"),
        ({"name": "x"}, "name"),
        ({"search": "\x00"}, "search"),
    ],
)
def test_an_odd_search_for_models_is_refused(fraud, ada, query, field):
    assert_refused(Api(ada).get("models/", **query), 400, "INVALID_PARAMETER_VALUE", field=field)


def names_and_versions(ada, path, **query):
    """Returns what all pages of a list hold, following `next` as a client does, and how many pages there were."""
    found, pages, answer = [], 0, Api(ada).get(path, **query).json()
    while True:
        found += [(each["name"], each.get("version")) for each in answer["results"]]
        pages += 1
        if answer["next"] is None:
            return found, pages
        following = parse_qs(urlsplit(answer["next"]).query)
        answer = Api(ada).get(path, **{name: values[0] for name, values in following.items()}).json()


def test_every_model_is_on_one_of_the_pages(fraud, ada):
    names = [f"m{number:03}" for number in range(130)]
    for name in names:
        fraud.add_model(name)
    found, pages = names_and_versions(ada, "models/", search="m", page_size=50)
    assert [name for name, _ in found] == names
    assert pages == 3


def test_every_version_is_on_one_of_the_pages(fraud, ada):
    for _ in range(230):
        fraud.add_version("Large")
    found, pages = names_and_versions(ada, "models/Large/versions/", page_size=100)
    assert [version for _, version in found] == [str(number) for number in range(230, 0, -1)]
    assert pages == 3
    assert names_and_versions(ada, "models/Large/versions/", below=4)[0] == [("Large", version) for version in "321"]


def test_pages_of_the_registry_have_the_size_of_all_others_and_lead_back(fraud, ada):
    for _ in range(60):
        fraud.add_version("Large")
    pages = [Api(ada).get("models/Large/versions/", page=page).json() for page in (1, 2, 3)]
    assert [len(page["results"]) for page in pages] == [25, 25, 10]
    assert pages[0]["previous"] is None
    assert pages[1]["previous"].endswith("/checkpoint/api/models/Large/versions/")
    assert pages[2]["previous"].endswith("?page=2")
    refused = Api(ada).get("models/Large/versions/", page=4)
    assert_refused(refused, 404, "RESOURCE_DOES_NOT_EXIST")
    assert Api(ada).get("models/", search="nothing is called so").json() == {
        "next": None,
        "previous": None,
        "results": [],
    }


@pytest.mark.parametrize("name", ["Fraud", "prod/credit risk", "a/versions/b", "ünï %2F?#", "two\nlines"])
def test_versions_of_any_name_are_listed_newest_first(fraud, ada, name):
    fraud.add_version(name)
    fraud.add_version(name, stage="Staging", aliases=("next",))
    versions = Api(ada).get(f"models/{quote(name)}/versions/").json()["results"]
    assert (versions[0]["name"], versions[0]["stage"], versions[0]["aliases"]) == (name, "Staging", ["next"])
    assert [int(version["version"]) for version in versions] == sorted(
        (int(version["version"]) for version in versions), reverse=True
    )


def test_versions_of_an_unknown_model_are_not_found(fraud, ada):
    assert_refused(Api(ada).get("models/Nothing/versions/"), 404, "RESOURCE_DOES_NOT_EXIST", "Nothing")


def test_the_comparison_names_both_sides_and_what_differs(open_request, ada):
    body = Api(ada).get(f"promote-requests/{open_request.number}/comparison/").json()
    assert body["evidence_fingerprint"] == open_request.evidence_fingerprint
    assert body["challenger"] == {"model_name": "Fraud", "version": "2"}
    assert body["champion"] == {"model_name": "Fraud", "version": "1"}
    (metric,) = body["metrics"]["rows"]
    assert (metric["key"], metric["champion"], metric["challenger"], metric["delta"]) == ("auc", 0.91, 0.94, 0.03)


def test_the_comparison_tells_how_each_metric_was_measured(fraud, open_request, ada):
    first = Measurement("auc", 0.5, origin=Origin.LOGGED_MODEL)
    last = Measurement("auc", 0.94, 29, 7, "test", "d1", Origin.RUN, "r", first)
    fraud.change_facts("Fraud", "2", metrics={"auc": last})
    (metric,) = Api(ada).get(f"promote-requests/{open_request.number}/comparison/").json()["metrics"]["rows"]
    measured = metric["measured"]["challenger"]
    assert (measured["step"], measured["timestamp"], measured["run_id"]) == (29, 7, "r")
    assert (measured["origin"], measured["dataset"]) == ("run", {"name": "test", "digest": "d1"})
    assert (measured["other"]["value"], measured["other"]["origin"]) == (0.5, "logged_model")
    assert metric["measured"]["champion"]["other"] is None


def test_the_comparison_carries_the_verdict(fraud, open_request, ada):
    fraud.files["Fraud", "2", "requirements.txt"] = b"torch"
    fraud.files["Fraud", "1", "requirements.txt"] = b""
    body = Api(ada).get(f"promote-requests/{open_request.number}/comparison/").json()
    assert body["verdict"] == {
        "better": 1,
        "worse": 0,
        "equal": 0,
        "undirected": 0,
        "missing": 0,
        "signature": "unknown",
        "packages_changed": 1,
        "criteria": {"met": 0, "total": 0},
        "gates": {"passed": 0, "total": 0},
        "checks": {"passed": 0, "pending": 0, "failed": 0},
        "warnings": ["champion_without_run", "challenger_without_run"],
    }
    assert [row["better"] for row in body["metrics"]["rows"]] == [True]
    (need,) = body["contents"]["environment"]
    assert need == {
        "group": "package",
        "name": "torch",
        "kind": "added",
        "champion": None,
        "challenger": "any",
        "movement": "",
    }


def test_the_comparison_can_leave_equal_rows_out(fraud, open_request, ada):
    fraud.change_facts("Fraud", "1", params={"seed": "7"})
    fraud.change_facts("Fraud", "2", params={"seed": "7"})
    path = f"promote-requests/{open_request.number}/comparison/"
    assert len(Api(ada).get(path).json()["parameters"]["rows"]) == 2
    rows = Api(ada).get(path, only_differences="true").json()["parameters"]["rows"]
    assert [row["key"] for row in rows] == ["depth"]


def test_the_comparison_of_a_promoted_request_is_the_frozen_one(fraud, open_request, ada, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict="approve")
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    body = Api(ada).get(f"promote-requests/{open_request.number}/comparison/").json()
    assert body["metrics"]["rows"][0]["challenger"] == 0.94


def test_the_comparison_of_a_version_that_is_gone_says_so(fraud, open_request, ada):
    fraud.delete_version("Fraud", "2")
    refused = Api(ada).get(f"promote-requests/{open_request.number}/comparison/")
    assert_refused(refused, 404, "RESOURCE_DOES_NOT_EXIST", "version=2")
