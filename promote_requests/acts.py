"""What the deciding calls of a request's page do, for the page that asks for the password before they go on."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict

from accounts.identity.suspended import Words
from promote_requests import sentences
from promote_requests.choices import CloseReason, Verdict
from promote_requests.models import PromoteRequest

_VERDICTS: dict[str, str] = {Verdict.APPROVE: "approve", Verdict.REQUEST_CHANGES: "ask for changes of"}


def _about(deed: Callable[[QueryDict], str]) -> Words:
    def said(arguments: Mapping[str, Any], form: QueryDict) -> str:
        found = PromoteRequest.objects.filter(pk=arguments["number"]).first()
        return sentences.suspended(deed(form), found) if found else ""

    return said


WORDS: dict[str, Words] = {
    "promote_requests:review": _about(lambda form: _VERDICTS.get(form.get("verdict", ""), "judge")),
    "promote_requests:promote": _about(lambda form: "promote"),
    "promote_requests:close": _about(lambda form: f"close as {form.get('reason') or CloseReason.REJECTED}"),
    "promote_requests:reopen": _about(lambda form: "reopen"),
    "promote_requests:dismiss": _about(lambda form: "dismiss a request for changes of"),
    "promote_requests:resolve": _about(lambda form: "resolve a blocking thread of"),
}
"""{name of a view: what its call does}."""
