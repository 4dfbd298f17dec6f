"""What anybody writes anywhere comes out inert: every payload in every place, read by an HTML parser."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from typing_extensions import override

from accounts.directory import Known
from accounts.models import User
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from promote_requests.pages.markdown import render
from registry.fake import FakeRegistry
from testing.factories import PromoteRequestFactory, UserFactory, by
from testing.people import AdministratorFactory
from testing.xss_payloads import PAYLOADS

OURS = ("/checkpoint/static/", "/checkpoint/admin/jsi18n/")
OF_PROSE = {
    *("a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre", "s"),
    *("span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
NEVER = {"iframe", "object", "embed", "base", "style", "frameset", "frame", "applet", "marquee", "math", "isindex"}
ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcdoc", "background", "srcset"}


class Looked(HTMLParser):
    """What could do something in a document: scripts, handlers, styles and addresses, each as a short text."""

    def __init__(self, only: set[str] | None = None) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._only = only

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in NEVER or (self._only is not None and tag not in self._only):
            self.found.append(tag)
        if tag == "script" and not values.get("src", "").startswith(OURS):
            self.found.append(f"script {values}")
        for name, value in values.items():
            self._look(tag, name, value)

    def _look(self, tag: str, name: str, value: str) -> None:
        if name.startswith(("on", "hx-on", "data-hx")) or name == "style":
            self.found.append(f"{tag} {name}={value}")
        if self._only is not None and name.startswith("hx-"):
            self.found.append(f"{tag} {name}={value}")
        if name in ADDRESSES:
            bare = "".join(character for character in value if character > " ").lower()
            if urlsplit(bare).scheme not in ("", "http", "https", "mailto") or bare.startswith("\\"):
                self.found.append(f"{tag} {name}={value}")
            if self._only is not None and tag == "img" and (urlsplit(bare).netloc or not bare.startswith("/")):
                self.found.append(f"picture from elsewhere: {value}")


def dangers(html: str, only: set[str] | None = None) -> list[str]:
    parser = Looked(only)
    parser.feed(html)
    parser.close()
    return parser.found


def test_there_are_enough_payloads_and_the_parser_finds_them_where_nothing_stands_between() -> None:
    assert len(PAYLOADS) >= 200
    raw = [payload for payload in PAYLOADS if payload.startswith("<") and dangers(payload, OF_PROSE)]
    assert len(raw) > 80


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_comes_out_inert(payload: str) -> None:
    people = Known(frozenset({"grace"}), frozenset({"<script>alert(1)</script>", "x' onclick=alert(1)"}))
    for text in (payload, f"Words {payload} words", f"- [x] {payload}", f"> {payload}", f"@grace {payload}"):
        for known in (Known(), people):
            assert dangers(render(text, known), OF_PROSE) == [], text


BATCHES = [PAYLOADS[start : start + 63] for start in range(0, len(PAYLOADS), 63)]


def _hostile(fraud: FakeRegistry, payloads: tuple[str, ...]) -> PromoteRequest:
    """Makes a request in which each place has these payloads: title, description, names, rows, comments, reviews."""
    ada, grace = UserFactory(), UserFactory()
    # Names that no form lets through, as an account of another system may have them.
    for person, payload in ((ada, payloads[0]), (grace, payloads[1])):
        User.objects.filter(pk=person.pk).update(username=payload[:150])
        person.refresh_from_db()
    grace.groups.add(Group.objects.create(name=payloads[2][:150]))
    rows = {payload.replace("\x00", "")[:250]: payload for payload in payloads}
    fraud.change_facts("Fraud", "2", params=rows, metrics=dict.fromkeys(rows, 1.0))
    fraud.set_version_tags("Fraud", "2", rows)
    asked = PromoteRequestFactory(actor=ada, title=" ".join(payloads)[:200], description="\n\n".join(payloads))
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="\n\n".join(payloads))
    for payload in payloads:
        services.comment(actor=by(grace), promote_request=asked, body=payload)
    for key in list(rows)[:15]:
        for kind in ("parameter", "tag", "metric"):
            thread = services.comment(
                actor=by(grace), promote_request=asked, body=key, anchor_kind=kind, anchor_key=key, is_blocking=True
            ).thread
        comment = services.reply(actor=by(ada), promote_request=asked, thread=thread.pk, body=key)
        services.edit_comment(actor=by(ada), promote_request=asked, comment=comment.pk, body=f"{key} again")
        services.resolve(actor=by(grace), promote_request=asked, thread=thread.pk)
    fraud.change_facts("Fraud", "2", params=dict.fromkeys(rows, "moved"))
    return asked


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("payloads", BATCHES, ids=range(len(BATCHES)))
def test_every_place_of_every_page_comes_out_inert(fraud: FakeRegistry, payloads: tuple[str, ...]) -> None:
    asked = _hostile(fraud, payloads)
    root = AdministratorFactory()
    client = Client()
    client.force_login(root)
    services.comment(
        actor=by(asked.author), promote_request=asked, body=f'@{root.username} @group:"{payloads[2][:150]}"'
    )
    pages = {
        "page": client.get(asked.get_absolute_url()),
        "now": client.post(f"{asked.get_absolute_url()}now/"),
        "list": client.get("/checkpoint/"),
        "inbox": client.get("/checkpoint/inbox/"),
        "desk": client.get(f"/checkpoint/admin/promote_requests/promoterequest/{asked.pk}/change/"),
        "spoken": client.post(
            f"{asked.get_absolute_url()}comment/", {"body": payloads[3]}, headers={"hx-request": "true"}
        ),
        "form": client.get(
            f"{asked.get_absolute_url()}threads/new/", {"anchor_kind": "metric", "anchor_key": payloads[4]}
        ),
        "refused form": client.post(
            f"{asked.get_absolute_url()}comment/",
            {"body": payloads[5], "nature": "follow_up", "owner": payloads[6], "due_on": payloads[7]},
        ),
    }
    expected = {"refused form": 400}
    for name, response in pages.items():
        assert response.status_code == expected.get(name, 200), name
        assert dangers(response.content.decode()) == [], name
    assert "moved" in pages["now"].content.decode()
