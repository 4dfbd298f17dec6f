from typing import TYPE_CHECKING

import pytest

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.tests.detail.page import opened, reloaded, words_of
from registry.exceptions import RegistryUnreachable
from testing.factories import PromoteRequestFactory
from testing.people import by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def files(inputs: str, requirements: str) -> dict[str, bytes]:
    return {"MLmodel": f"signature: {{inputs: '{inputs}'}}".encode(), "requirements.txt": requirements.encode()}


@pytest.fixture
def with_files(fraud: "FakeRegistry") -> "FakeRegistry":
    """Gives both versions files; the challenger asks for one input more and for other packages."""
    old, new = '[{"name": "age", "type": "long"}]', '[{"name": "age", "type": "long"}, {"name": "<b>", "type": "long"}]'
    for version, found in (("1", files(old, "numpy==1.26.4")), ("2", files(new, "numpy==2.1.0\ntorch"))):
        fraud.files |= {("Fraud", version, path): content for path, content in found.items()}
    return fraud


def _strip(html: str) -> str:
    return words_of(html[html.index('class="strip"') :].partition("</nav>")[0])


def test_the_strip_says_first_what_a_reviewer_has_to_know(
    with_files: "FakeRegistry", open_request: "PromoteRequest", grace: "User"
) -> None:
    with_files.change_facts("Fraud", "1", datasets={"testing": "holdout (a)"})
    with_files.change_facts("Fraud", "2", datasets={"testing": "one clinic (b)"})
    html = opened(grace, open_request)
    assert "other data, 2 more warnings signature breaking 2 packages changed 1 metric better" in _strip(html)
    assert html.index('class="lead-sentence"') < html.index('class="strip"') < html.index("version-card")
    for part in ("doubts", "signature", "environment", "metrics"):
        assert f'href="#{part}"' in html
        assert html.count(f'id="{part}"') == 1
    text = words_of(html)
    assert "Measured on other data (one clinic (b) for holdout (a)): the figures do not compare." in text
    assert "breaking: callers do not send it" in text
    assert "&lt;b&gt;" in html


def test_what_the_files_said_is_kept_with_the_promotion(
    with_files: "FakeRegistry", open_request: "PromoteRequest", grace: "User"
) -> None:
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    with_files.files.clear()
    html = opened(grace, reloaded(open_request))
    assert "signature breaking 2 packages changed" in _strip(html)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: &x [*x]", "MLmodel refers to parts of itself, which is not followed."),
        (b"\xff\xfe", "MLmodel is not a text in UTF-8."),
        (b"x" * 200_001, "MLmodel is larger than 200,000 bytes, so it is not read."),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_hides_nothing_else(
    with_files: "FakeRegistry", ada: "User", grace: "User", content: bytes, said: str
) -> None:
    with_files.files["Fraud", "2", "MLmodel"] = content
    text = words_of(opened(grace, PromoteRequestFactory(actor=ada)))
    assert f"Of the challenger: {said}" in text
    assert "signature unknown" in text
    assert "2 packages changed" in text


def test_files_that_mlflow_does_not_show_hide_no_figures(
    with_files: "FakeRegistry", ada: "User", grace: "User"
) -> None:
    for _ in range(3):  # both versions when it is opened, the challenger when it is looked at
        with_files.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="read_file")
    text = words_of(opened(grace, PromoteRequestFactory(actor=ada)))
    assert "Of the challenger: MLmodel could not be read: MLflow cannot be reached." in text
    assert "1 metric better" in text


def test_files_that_lie_elsewhere_are_never_asked_for(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    fraud.add_version("Fraud", source="s3://bucket/root/777")
    elsewhere = PromoteRequestFactory(actor=ada, version="3")
    fraud.calls.clear()
    assert "files lie where Checkpoint does not look" in words_of(opened(grace, elsewhere))
    assert ("read_file", ("Fraud", "3", "MLmodel")) not in fraud.calls
