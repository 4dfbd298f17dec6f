"""The pages of one file of two versions, and the pictures: nothing of a model runs on our origin."""

import io

import pytest
from PIL import Image

from foundation.browsers import policies
from registry.exceptions import RegistryUnreachable

pytestmark = pytest.mark.django_db
FILE = "/checkpoint/compare/file/"
PICTURE = "/checkpoint/compare/picture/"


def png(colour="red"):
    written = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def files(fraud):
    fraud.files["Fraud", "2", "card.md"] = b"# Card <script>alert(1)</script>\nNow.\n"
    fraud.files["Fraud", "1", "card.md"] = b"# Card <script>alert(1)</script>\nThen.\n"
    fraud.files["Fraud", "2", "roc.png"], fraud.files["Fraud", "1", "roc.png"] = png(), png("blue")
    fraud.files["Fraud", "2", "chart.svg"] = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'
    fraud.files["Fraud", "2", "model.pkl"] = b"\x80\x04."
    fraud.files["Fraud", "1", "model.bin"], fraud.files["Fraud", "2", "model.bin"] = b"x" * 1_030, b"x" * 1_031
    fraud.files["Fraud", "2", "large.bin"] = b"x" * 2_048
    return fraud.files


def words(response):
    return response.content.decode().replace("<wbr>", "")


def test_the_request_lists_the_files_and_leads_to_each(files, open_request, grace, client):
    client.force_login(grace)
    page = words(client.post(f"{open_request.get_absolute_url()}now/"))
    assert f'href="{FILE}?model=Fraud&amp;version=2&amp;with=1&amp;path=card.md"' in page
    assert "chart.svg" in page


def test_two_sizes_that_differ_never_read_alike(files, open_request, grace, client):
    client.force_login(grace)
    page = words(client.post(f"{open_request.get_absolute_url()}now/")).replace("\xa0", " ")
    assert "1,030 bytes" in page
    assert "1,031 bytes" in page
    assert '<span title="2,048 bytes">2.0 KB</span>' in page


def test_a_text_is_shown_with_what_differs_and_nothing_in_it_runs(files, grace, client):
    client.force_login(grace)
    page = client.get(FILE, {"model": "Fraud", "version": "2", "with": "1", "path": "card.md"})
    assert page.status_code == 200
    assert "<script>alert" not in words(page)
    assert "&lt;script&gt;alert(1)" in words(page)
    assert "Then" in words(page)
    assert "Now" in words(page)


def test_pictures_stand_side_by_side_and_are_sent_contained(files, grace, client):
    client.force_login(grace)
    page = words(client.get(FILE, {"model": "Fraud", "version": "2", "with": "1", "path": "roc.png"}))
    assert page.count("/checkpoint/compare/picture/?") == 4
    assert "Version 1 on the left, version 2 on the right" in page
    sent = client.get(PICTURE, {"model": "Fraud", "version": "2", "path": "roc.png"})
    assert (sent.headers["Content-Type"], sent.content) == ("image/png", files["Fraud", "2", "roc.png"])
    assert sent.headers["Content-Security-Policy"] == policies.CONTAINED
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["chart.svg", "card.md", "model.pkl", "none.png", ""])
def test_what_is_no_picture_is_not_sent_as_one(files, grace, client, path):
    client.force_login(grace)
    assert client.get(PICTURE, {"model": "Fraud", "version": "2", "path": path}).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-dest": "image", "sec-fetch-mode": "no-cors", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-dest": "image", "sec-fetch-mode": "no-cors", "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-dest": "script", "sec-fetch-mode": "no-cors", "sec-fetch-site": "same-origin"}, 403),
        ({"sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin"}, 403),
    ],
)
def test_a_browser_gets_a_picture_for_a_page_of_ours_only(files, grace, client, headers, status):
    client.force_login(grace)
    answer = client.get(PICTURE, {"model": "Fraud", "version": "2", "path": "roc.png"}, headers=headers)
    assert answer.status_code == status
    other = client.get(FILE, {"model": "Fraud", "version": "2", "path": "roc.png"}, headers=headers)
    assert other.status_code == 403


def test_a_version_that_names_an_address_is_never_read(fraud, grace, client):
    fraud.add_version("Fraud", source="http://169.254.169.254/latest")
    fraud.add_version("Fraud", source="s3://bucket/root/777")
    fraud.files["Fraud", "4", "card.md"] = b"# Card"
    client.force_login(grace)
    for address in (FILE, PICTURE):
        answer = client.get(address, {"model": "Fraud", "version": "4", "path": "card.md"})
        assert answer.status_code == 404
    assert not [call for call in fraud.calls if call[0] == "read_file"]


def test_errors_of_the_address_and_of_mlflow_are_told(files, fraud, grace, client):
    client.force_login(grace)
    assert client.get(FILE).status_code == 404
    assert client.get(FILE, {"model": "Fraud", "version": "9", "path": "card.md"}).status_code == 404
    missing = client.get(FILE, {"model": "Fraud", "version": "2", "with": "1", "path": "none"})
    assert (missing.status_code, "There is no file none in" in words(missing)) == (404, True)
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="read_file")
    away = client.get(FILE, {"model": "Fraud", "version": "2", "path": "card.md"})
    assert (away.status_code, "The file cannot be shown." in words(away)) == (502, True)
    client.logout()
    assert client.get(PICTURE, {"model": "Fraud", "version": "2", "path": "roc.png"}).status_code == 302


def test_a_picture_says_that_mlflow_is_away(files, fraud, grace, client):
    client.force_login(grace)
    fraud.fail_next(RegistryUnreachable("MLflow is <away>."))
    answer = client.get(PICTURE, {"model": "Fraud", "version": "2", "path": "roc.png"})
    assert (answer.status_code, answer.content) == (502, b"MLflow is <away>.")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_version_alone_is_offered_beside_whoever_holds_a_target(fraud, grace, client):
    client.force_login(grace)
    page = words(client.get("/checkpoint/compare/", {"model": "Fraud", "version": "2"}))
    assert (
        '<a href="/checkpoint/compare/?model=Fraud&amp;version=2&amp;with=1">version 1 (Production, @champion)</a>'
        in page
    )
    assert "Compare Fraud version" not in words(client.get("/checkpoint/compare/", {"model": "Fraud", "version": "1"}))
    fraud.fail_next(RegistryUnreachable("MLflow is away."))
    assert client.get("/checkpoint/compare/", {"model": "Fraud", "version": "2"}).status_code == 200
    assert client.get("/checkpoint/compare/", {"model": "Nobody", "version": "2"}).status_code == 200
