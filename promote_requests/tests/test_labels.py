"""Labels: which there are, who gives them, and where they are seen."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from promote_requests import services
from promote_requests.models import Label, LabelColour, PromoteRequest
from promote_requests.search import Search
from promote_requests.services.labelling import delete_label, giving, keeping, save_label, set_labels
from testing.api_client import Api
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, by, service_account

LIST = reverse("promote_requests:list")


@pytest.fixture
def root(db: None) -> User:
    return AdministratorFactory(username="root")


@pytest.fixture
def labels(root: User) -> list[Label]:
    return [
        save_label(actor=by(root), name=name, colour=colour)
        for name, colour in (("needs data", "orange"), ("urgent", "red"))
    ]


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _names(promote_request: PromoteRequest) -> list[str]:
    return [label.name for label in promote_request.labels.all()]


def _told(action: AuditAction) -> list[tuple[str, str]]:
    return list(AuditEvent.objects.filter(action=action).order_by("pk").values_list("actor_name", "reason"))


@pytest.mark.parametrize("name", ["NEEDS DATA", " needs   data ", "Nee\u0301ds data", "\uff4eeeds data"])
def test_two_labels_do_not_read_alike(labels: list[Label], root: User, name: str) -> None:
    with pytest.raises(InvalidInput, match="There is a label called needs data already") as refused:
        save_label(actor=by(root), name=name, colour="red")
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 51, 'a "b"', "a\x00b", "a\u200bb", "\u202egnp", "\u0301", "\ufdfa" * 20]
)
def test_a_name_is_short_and_can_be_seen_and_typed(root: User, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        save_label(actor=by(root), name=name, colour="red")
    assert (refused.value.field, Label.objects.count()) == ("name", 0)


def test_a_label_is_changed_and_deleted_with_a_row_each(labels: list[Label], root: User, open_request) -> None:
    set_labels(actor=by(root), promote_request=open_request, labels=["Urgent"])
    save_label(actor=by(root), pk=labels[1].pk, name="Very urgent", colour="red")
    save_label(actor=by(root), pk=labels[1].pk, name="Very urgent", colour="red")
    assert _names(open_request) == ["Very urgent"]
    delete_label(actor=by(root), pk=labels[1].pk)
    with pytest.raises(WrongState, match="deleted this label"):
        delete_label(actor=by(root), pk=labels[1].pk)
    assert _names(open_request) == []
    assert [reason for _, reason in _told(AuditAction.LABEL_CHANGED)][2:] == [
        "name: urgent → Very urgent",
        "deleted: Very urgent, red; 1 request had it",
    ]


def test_there_is_an_end_to_labels(labels, root, open_request, monkeypatch) -> None:
    monkeypatch.setattr(keeping, "MOST", 2)
    monkeypatch.setattr(giving, "MOST_OF_ONE", 1)
    with pytest.raises(InvalidInput, match="no more are kept"):
        save_label(actor=by(root), name="third", colour="red")
    with pytest.raises(InvalidInput, match="at most 1"):
        set_labels(actor=by(root), promote_request=open_request, labels=["urgent", "needs data"])


def test_the_author_and_reviewers_label_and_the_timeline_says_so(labels, ada, grace, open_request) -> None:
    set_labels(actor=by(ada), promote_request=open_request, labels=["urgent", "Needs Data"])
    set_labels(actor=by(grace), promote_request=open_request, labels=["urgent"])
    set_labels(actor=by(grace), promote_request=open_request, labels=["URGENT"])
    assert _names(open_request) == ["urgent"]
    assert _told(AuditAction.LABELLED) == [
        ("ada", "Added: needs data, urgent."),
        ("grace", "Removed: needs data."),
    ]
    page = _as(grace).get(open_request.get_absolute_url()).content.decode()
    assert "changed the labels" in page
    assert "Removed: needs data." in page


def test_who_may_neither_review_nor_ask_does_not_label(labels, fraud, ada, grace) -> None:
    pipeline = service_account("pipeline", ada)
    theirs = PromoteRequestFactory(actor=by(pipeline))
    set_labels(actor=by(pipeline), promote_request=theirs, labels=["urgent"])
    for actor, says in (
        (ada, "You answer or answered for pipeline"),
        (service_account("other", grace), "service account"),
    ):
        with pytest.raises(NotAllowed, match=says):
            set_labels(actor=by(actor), promote_request=theirs, labels=[])
    draft = PromoteRequestFactory(
        actor=ada, model_name="Fraud", draft=True, target=theirs.target.parse("stage:Staging")
    )
    with pytest.raises(NotAllowed, match="draft of ada's"):
        set_labels(actor=by(grace), promote_request=draft, labels=["urgent"])
    assert _names(theirs) == ["urgent"]


def test_of_two_who_label_at_once_both_are_heard(labels, ada, grace, open_request) -> None:
    """Both opened the page when the request had no label."""
    address = reverse("promote_requests:label", args=[open_request.number])
    assert _as(ada).post(address, {"labels": ["urgent"]}).status_code == 302
    assert _as(grace).post(address, {"labels": ["needs data"]}).status_code == 302
    assert _names(open_request) == ["needs data", "urgent"]
    assert _as(grace).post(address, {"seen": ["needs data", "urgent"], "labels": ["urgent"]}).status_code == 302
    assert _names(open_request) == ["urgent"]


def test_labels_are_searched_and_chosen_from_a_menu(labels, ada, open_request, fraud) -> None:
    other = PromoteRequestFactory(
        actor=ada, model_name="Fraud", version="2", target=open_request.target.parse("alias:live")
    )
    set_labels(actor=by(ada), promote_request=open_request, labels=["needs data"])
    asked = Search.parse('label:"Needs data" is:open')
    assert str(asked) == 'is:open label:"Needs data"'
    page = _as(ada).get(LIST, {"q": str(asked)})
    assert [row.promote_request for row in page.context["rows"]] == [open_request]
    assert "label%3A%22needs+data%22" in page.content.decode()
    assert [row.promote_request for row in _as(ada).get(LIST, {"q": "label:unknown"}).context["rows"]] == []
    found = Api(ada).get("promote-requests/", label="NEEDS DATA").json()["results"]
    assert [(one["number"], one["labels"]) for one in found] == [
        (open_request.number, [{"name": "needs data", "colour": "orange"}])
    ]
    assert other.number not in [one["number"] for one in found]


def test_programs_keep_and_give_labels(root, ada, open_request) -> None:
    api = Api(root)
    made = api.post("labels/", {"name": "needs data", "colour": "teal"})
    assert (made.status_code, made.json()["name"]) == (201, "needs data")
    one = f"labels/{made.json()['id']}/"
    assert api.patch(one, {"colour": "blue"}).json() == {**made.json(), "colour": "blue"}
    given = Api(ada).send("PUT", f"promote-requests/{open_request.number}/labels/", '{"labels": ["Needs data"]}')
    assert given.json()["labels"] == [{"name": "needs data", "colour": "blue"}]
    assert Api(ada).get("labels/").json()["results"] == [api.get(one).json()]
    wrong = Api(ada).send("PUT", f"promote-requests/{open_request.number}/labels/", '{"labels": ["none such"]}')
    assert (wrong.status_code, wrong.json()["field_errors"]) == (
        400,
        {"labels": ["There is no label called none such."]},
    )
    assert api.post("labels/", {"name": "NEEDS data", "colour": "mauve"}).json()["field_errors"].keys() == {"colour"}
    assert Api(ada).delete(one).status_code == 403
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404


def test_the_admin_keeps_labels_and_says_what_is_wrong_at_the_field(root) -> None:
    add = reverse("admin:promote_requests_label_add")
    assert _as(root).post(add, {"name": "needs data", "colour": "teal"}).status_code == 302
    again = _as(root).post(add, {"name": "Needs Data", "colour": "teal"})
    assert again.context["adminform"].form.errors == {"name": ["There is a label called needs data already."]}
    label = Label.objects.get()
    change = reverse("admin:promote_requests_label_change", args=[label.pk])
    assert _as(root).post(change, {"name": "Needs Data", "colour": "red"}).status_code == 302
    label.refresh_from_db()
    assert (label.name, label.colour) == ("Needs Data", "red")
    assert len(_told(AuditAction.LABEL_CHANGED)) == 2


def test_names_are_inert_wherever_they_are_shown(root, ada, open_request) -> None:
    name = "<img src=x onerror=alert(1)>'&"
    save_label(actor=by(root), name=name, colour="red")
    set_labels(actor=by(ada), promote_request=open_request, labels=[name])
    for address in (open_request.get_absolute_url(), LIST, reverse("admin:promote_requests_label_changelist")):
        page = _as(root).get(address).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src" in page
    shown = re.findall(r'class="label-mark [^>]*>', _as(ada).get(LIST).content.decode())
    assert shown == ['class="label-mark label-red">']


def test_lists_take_one_query_for_all_labels(labels, ada, fraud, django_assert_max_num_queries) -> None:
    client = _as(ada)
    client.get(LIST)
    with django_assert_max_num_queries(40) as few:
        client.get(LIST)
    for _ in range(5):
        made = PromoteRequestFactory(actor=ada, model_name="Churn", version=fraud.add_version("Churn").version)
        set_labels(actor=by(ada), promote_request=made, labels=["urgent", "needs data"])
    with django_assert_max_num_queries(len(few.captured_queries) + 10) as many:
        client.get(LIST)
    assert sum('"promote_requests_label_requests"' in one["sql"] for one in many.captured_queries) == 1


def test_a_request_keeps_its_labels_when_it_is_closed(labels, ada, grace, open_request) -> None:
    set_labels(actor=by(ada), promote_request=open_request, labels=["urgent"])
    services.close(actor=by(grace), promote_request=open_request)
    set_labels(actor=by(grace), promote_request=open_request, labels=["urgent", "needs data"])
    assert _names(open_request) == ["needs data", "urgent"]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _variables(css: str, pattern: str) -> dict[str, str]:
    return dict(re.findall(rf"--({pattern}): (#[0-9a-f]{{6}});", css))


def test_every_colour_has_enough_contrast_in_light_and_dark() -> None:
    """WCAG 1.4.3: 4.5 to 1 for text, on every surface that a label may lie on."""
    folder = Path(settings.BASE_DIR) / "static/checkpoint/css"
    marks, tokens = (
        (folder / name).read_text().split("@media (prefers-color-scheme: dark)")
        for name in ("labels.css", "tokens.css")
    )
    for labels, surfaces in zip(marks, tokens, strict=True):
        tones = _variables(labels, "label-[a-z]+")
        assert {name.removeprefix("label-") for name in tones} == set(LabelColour.values)
        for surface in _variables(surfaces, "cp-surface|cp-raised|cp-page").values():
            for name, tone in tones.items():
                light, dark = sorted((_luminance(tone), _luminance(surface)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, surface)


def test_the_admins_list_shows_labels_and_is_filtered_by_them(labels, root, open_request, fraud, ada) -> None:
    fraud.add_version("Fraud")
    other = PromoteRequestFactory(actor=ada, version="3")
    set_labels(actor=by(root), promote_request=open_request, labels=["urgent", "needs data"])
    client = Client()
    client.force_login(root)
    address = "/checkpoint/admin/promote_requests/promoterequest/"
    everything = client.get(address).content.decode()
    assert "needs data, urgent" in everything
    shown = client.get(address, {"label": labels[1].pk}).context["cl"]
    assert list(shown.result_list) == [open_request]
    assert list(client.get(address, {"label": "no number"}).context["cl"].queryset) == [other, open_request]
