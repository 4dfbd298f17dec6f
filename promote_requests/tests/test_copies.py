"""Copies of the pictures that were judged: taken by the worker, shown when MLflow has lost them."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from evidence.copies import taking
from evidence.models import PictureCopy, PictureLook
from foundation.browsers import policies
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.services.by_itself.copying import awaited, copy_awaited
from registry.exceptions import RegistryUnreachable
from testing.factories import PromoteRequestFactory
from testing.people import by

pytestmark = pytest.mark.django_db
FILE = "/checkpoint/compare/file/"
COPY = "/checkpoint/compare/copy/"


def picture(colour="red", kind="PNG"):
    written = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(written, kind)
    return written.getvalue()


@pytest.fixture
def files(fraud):
    fraud.files["Fraud", "2", "roc.png"], fraud.files["Fraud", "1", "roc.png"] = picture(), picture("blue")
    fraud.files["Fraud", "2", "plots/confusion.jpg"] = picture("green", "JPEG")
    fraud.files["Fraud", "2", "plots/chart.svg"] = b'<svg onload="alert(1)"></svg>'
    fraud.files["Fraud", "2", "plots/not-one.png"] = b"<script>alert(1)</script>"
    return fraud.files


def words(response):
    return " ".join(response.content.decode().replace("<wbr>", "").split())


def kept(page):
    return sorted({part.split("/")[0] for part in page.split(COPY)[1:]})


def lose(fraud, version):
    fraud.delete_version("Fraud", version)
    for key in [key for key in fraud.files if key[1] == version]:
        del fraud.files[key]


def test_a_past_request_shows_its_pictures_when_both_versions_are_deleted(files, fraud, open_request, grace, client):
    copy_awaited()
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert PromoteRequest.objects.get().status == Status.PROMOTED
    expected = {
        files["Fraud", "2", "roc.png"],
        files["Fraud", "1", "roc.png"],
        files["Fraud", "2", "plots/confusion.jpg"],
    }
    lose(fraud, "1")
    lose(fraud, "2")
    client.force_login(grace)
    digest = PromoteRequest.objects.get().evidence_digest
    for address in (open_request.get_absolute_url(), f"{open_request.get_absolute_url()}evidence/{digest}/"):
        page = words(client.get(address))
        assert "Copies that Checkpoint kept" in page
        assert "roc.png of the champion" in page
        sent = [client.get(f"{COPY}{name}/") for name in kept(page)]
        assert {answer.content for answer in sent} == expected
        assert {answer.headers["Content-Type"] for answer in sent} == {"image/png", "image/jpeg"}
        assert {answer.headers["Content-Security-Policy"] for answer in sent} == {policies.CONTAINED}


def test_the_page_of_a_file_shows_the_copy_and_says_so(files, fraud, open_request, grace, client):
    copy_awaited()
    asked = {"model": "Fraud", "version": "2", "with": "1", "path": "roc.png"}
    client.force_login(grace)
    assert "does not have this picture" not in words(client.get(FILE, asked))
    before = files["Fraud", "2", "roc.png"]
    lose(fraud, "2")
    page = words(client.get(FILE, asked))
    assert "MLflow does not have this picture of Fraud version 2 any more. Here is the copy" in page
    assert "as MLflow has it now" not in page
    assert [client.get(f"{COPY}{name}/").content for name in kept(page)] == [before]
    assert client.get(FILE, {**asked, "path": "plots/chart.svg"}).status_code == 404


def test_a_version_registered_anew_under_the_number_has_none_of_the_former_ones_pictures(
    files, fraud, open_request, grace, client
):
    copy_awaited()
    del files["Fraud", "2", "roc.png"]
    client.force_login(grace)
    asked = {"model": "Fraud", "version": "2", "path": "roc.png"}
    assert "Here is the copy" in words(client.get(FILE, asked))
    PictureLook.objects.all()._raw_delete("default")
    PictureLook.objects.create(
        model_name="Fraud",
        version="2",
        registered_at="2020-01-01T00:00Z",
        taken_at=timezone.now(),
        pictures=[{"path": "roc.png", "size": 1, "digest": PictureCopy.objects.first().pk, "width": 1, "height": 1}],
    )
    assert client.get(FILE, asked).status_code == 404


def test_what_is_copied_is_bounded_and_only_what_is_a_picture(files, fraud, open_request, client, grace):
    files["Fraud", "2", "a-large.png"] = picture() + b"\x00" * taking.LARGEST_BYTES
    for number in range(taking.MOST):
        files["Fraud", "2", f"many/deep/{number}.png"] = picture()
    copy_awaited()
    look = PictureLook.objects.get(version="2")
    by_path = {one["path"]: one["digest"] for one in look.pictures}
    assert sum(map(bool, by_path.values())) == taking.MOST
    assert by_path["a-large.png"] == ""
    assert by_path["roc.png"]
    assert not {"plots/chart.svg", "plots/not-one.png"} & by_path.keys()
    # One row for all that are the same.
    assert PictureCopy.objects.count() == len(
        {bytes(content) for content in (picture(), picture("blue"), picture("green", "JPEG"))}
    )
    services.close(actor=by(grace), promote_request=open_request, reason="rejected")
    client.force_login(grace)
    assert "There is none of a-large.png, many/deep/6.png, many/deep/7.png" in words(
        client.get(open_request.get_absolute_url())
    )


def test_they_are_taken_once_for_each_opening_and_tried_again_where_mlflow_is_away(files, fraud, open_request):
    assert awaited() == [("", "Fraud", "2"), ("", "Fraud", "1")]
    fraud.fail_next(RegistryUnreachable("Gone."), call="list_files")
    copy_awaited()
    assert awaited() == [("", "Fraud", "2")]
    copy_awaited()
    assert awaited() == []
    PromoteRequest.objects.update(opened_at=timezone.now())
    assert awaited() == [("", "Fraud", "2"), ("", "Fraud", "1")]
    long_ago = timezone.now() - timedelta(days=2)
    PromoteRequest.objects.update(
        status=Status.CLOSED,
        updated_at=long_ago,
        closed_at=long_ago,
        closed_by=open_request.author,
        close_reason="rejected",
    )
    assert awaited() == []


def test_what_was_copied_of_other_bytes_is_not_shown_as_judged(files, fraud, open_request, ada, grace, client):
    copy_awaited()
    judged = files["Fraud", "2", "roc.png"]
    services.close(actor=by(ada), promote_request=open_request, reason="withdrawn")
    files["Fraud", "2", "roc.png"] = other = picture("black") + b"\x00" * 4
    assert len(other) == len(judged)
    PromoteRequestFactory(actor=ada)
    copy_awaited()
    client.force_login(grace)
    shown = [client.get(f"{COPY}{name}/").content for name in kept(words(client.get(open_request.get_absolute_url())))]
    assert judged in shown
    assert other not in shown
    assert client.get(f"{COPY}{'0' * 64}/").status_code == 404


def test_a_copy_that_somebody_changed_is_not_sent(files, open_request, grace, client):
    copy_awaited()
    client.force_login(grace)
    name = PictureCopy.objects.first().pk
    assert client.get(f"{COPY}{name}/").status_code == 200
    super(type(PictureCopy.objects.all()), PictureCopy.objects.filter(pk=name)).update(content=picture("pink"))
    assert client.get(f"{COPY}{name}/").status_code == 404
    client.logout()
    assert client.get(f"{COPY}{name}/").status_code == 302


@pytest.mark.parametrize(("site", "status"), [("same-origin", 200), ("cross-site", 403)])
def test_a_browser_gets_a_copy_for_a_page_of_ours_only(files, open_request, grace, client, site, status):
    copy_awaited()
    client.force_login(grace)
    headers = {"sec-fetch-dest": "image", "sec-fetch-mode": "no-cors", "sec-fetch-site": site}
    assert client.get(f"{COPY}{PictureCopy.objects.first().pk}/", headers=headers).status_code == status


def test_a_version_that_names_an_address_is_never_read(fraud, ada):
    fraud.add_version("Fraud", source="s3://bucket/root/777")
    fraud.files["Fraud", "3", "roc.png"] = picture()
    look = taking.take(fraud, workspace="", name="Fraud", version="3")
    assert look.pictures == []
    assert not [call for call in fraud.calls if call[0] in ("read_file", "list_files")]


def test_an_open_request_shows_mlflows_own_files_and_copies_only_while_mlflow_is_away(
    files, fraud, open_request, grace, client
):
    copy_awaited()
    client.force_login(grace)
    now = f"{open_request.get_absolute_url()}now/"
    assert "Copies that Checkpoint kept" not in words(client.post(now))
    fraud.fail_next(RegistryUnreachable("MLflow is away."))
    page = words(client.post(now))
    assert "MLflow is away." in page
    assert "Copies that Checkpoint kept" in page


def test_what_was_judged_stands_beside_what_mlflow_has_now(files, fraud, open_request, grace, client):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    page = words(_past(client, grace, open_request))
    address = f"{open_request.get_absolute_url()}evidence/{PromoteRequest.objects.get().evidence_digest}/now/"
    assert f'href="{address}"' in page
    assert f'href="{address}"' in words(client.get(address.removesuffix("now/")))
    assert "Nothing of what was judged is different in MLflow now." in words(client.get(address))
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    fraud.set_version_tags("Fraud", "2", {"owner": "<b>ada</b>"})
    files["Fraud", "2", "new.txt"] = b"new"
    now = words(client.get(address))
    assert "Nothing of what was judged is different" not in now
    expected = ("As judged", "Now", "0.94", "0.5", "new.txt", "&lt;b&gt;ada&lt;/b&gt;")
    assert [said for said in expected if said not in now] == []
    beside = words(client.get(address, {"side": "champion"}))
    assert "The champion, Fraud version 1, as it was judged" in beside
    assert "Nothing of what was judged is different in MLflow now." in beside


def test_a_version_that_mlflow_has_lost_or_made_anew_or_cannot_show_is_said_to_be_so(
    files, fraud, open_request, grace, client, monkeypatch
):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    client.force_login(grace)
    address = f"{open_request.get_absolute_url()}evidence/{PromoteRequest.objects.get().evidence_digest}/now/"
    fraud.fail_next(RegistryUnreachable("MLflow is away."))
    away = client.get(address)
    assert (away.status_code, "MLflow is away." in words(away)) == (502, True)
    facts = fraud.get_facts("Fraud", "2")
    anew = replace(facts, version=replace(facts.version, created_at=timezone.now()))
    with monkeypatch.context() as patched:
        patched.setattr(type(fraud), "get_facts", lambda self, name, version: anew)
        assert "This is another version today" in words(client.get(address))
    lose(fraud, "2")
    assert "MLflow does not have this version any more." in words(client.get(address))
    assert client.get(f"{open_request.get_absolute_url()}evidence/{'0' * 64}/now/").status_code == 404


def _past(client, reader, promote_request):
    client.force_login(reader)
    return client.get(promote_request.get_absolute_url())
