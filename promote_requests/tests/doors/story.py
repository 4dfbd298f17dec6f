"""The doors, and the story: a request in every status, and what stands in the way of what is asked of it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from audit.making.makers import makers_of
from evidence.models import MetricDirection
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import (
    Comment,
    CommentDeletion,
    CommentEdit,
    Label,
    Mention,
    PromoteRequest,
    Resolution,
    Review,
    Thread,
)
from protection.models import FreezeWindow, Ownership, ProtectionRule
from registry.fake import FakeRegistry
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, promoting, register
from testing.people import AdministratorFactory, by

ENTRIES: dict[str, tuple[Any, dict[str, Any]]] = {
    "freezewindow": (FreezeWindow, {"name": "year end", "start": "2026-12-20", "end": "2027-01-04"}),
    "ownership": (Ownership, {"section": "Risk", "people": {"groups": [], "users": []}}),
}
"""{model: the class, the values of a row}."""
SPOKEN = (Thread, Comment, CommentEdit, CommentDeletion, Resolution, Mention)
KEPT = (PromoteRequest, Review, *SPOKEN, ProtectionRule, FreezeWindow, Ownership, MetricDirection, Label)


class Door(StrEnum):
    """Where somebody can try something; `SERVICE` is what stands behind all of them."""

    SERVICE = "service"
    PAGE = "page"
    API = "api"
    ADMIN = "admin"
    PROXY = "proxy"
    COMMAND = "command"


@dataclass
class World:
    """The story: Fraud version 1 in Production, ada's request for version 2, grace and linus beside her."""

    fraud: FakeRegistry
    ada: User
    grace: User
    linus: User
    root: User
    request: PromoteRequest | None = None

    def at(self, status: Status) -> PromoteRequest:
        """Opens the request and brings it to a status."""
        self.request = PromoteRequestFactory(actor=self.ada, draft=status == Status.DRAFT)
        match status:
            case Status.PROMOTING:
                promoting(self.request)
            case Status.PROMOTED:
                services.review(actor=by(self.linus), promote_request=self.request, verdict=Verdict.APPROVE)
            case Status.CLOSED:
                services.close(actor=by(self.grace), promote_request=self.request)
        self.request.refresh_from_db()
        assert self.request.status == status
        return self.request

    def approved(self) -> None:
        """Has the request approved, where the rule leaves the promotion to a person."""
        ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
        services.review(actor=by(self.linus), promote_request=self.request, verdict=Verdict.APPROVE)

    def changed_facts(self) -> None:
        self.fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})

    def changed_champion(self) -> None:
        self.fraud.add_version("Fraud", stage="Production")

    def same_again(self) -> None:
        PromoteRequestFactory(actor=self.linus)

    def rival_under_way(self) -> None:
        self.approved()
        self.fraud.add_version("Fraud")
        promoting(PromoteRequestFactory(actor=self.linus, version="3"))

    def author_may_set_directions(self) -> None:
        """Gives ada the permission and opens her request."""
        self.ada.user_permissions.add(Permission.objects.get(codename="change_metricdirection"))
        PromoteRequestFactory(actor=self.ada)

    def may_break_glass(self) -> None:
        """Gives grace the permission."""
        self.grace.user_permissions.add(Permission.objects.get(codename="break_glass"))

    def ada_may_break_glass(self) -> None:
        """Gives ada the permission."""
        self.ada.user_permissions.add(Permission.objects.get(codename="break_glass"))

    def may_break_approved(self) -> None:
        """Gives grace the permission for what needs none: it is approved."""
        self.may_break_glass()
        self.approved()

    def consent_is_asked_for(self) -> None:
        """Has the rule ask for a second person's consent."""
        self.may_break_glass()
        ProtectionRule.objects.filter(target_pattern="stage:*").update(moves={"break_glass": {"consent": True}})

    def demoted(self) -> None:
        """Takes version 2 out of Production by a request of its own."""
        away = PromoteRequestFactory(actor=self.grace, target=Target.parse("stage:Archived"))
        services.review(actor=by(self.linus), promote_request=away, verdict=Verdict.APPROVE)

    def former_deleted(self) -> None:
        """Deletes version 1, which was Production before."""
        self.fraud.delete_version("Fraud", "1")

    def way_back_is_open(self) -> None:
        """Has linus ask for the way back."""
        services.roll_back(actor=by(self.linus), promote_request=self.request)

    def wants_changes(self) -> None:
        services.review(
            actor=by(self.linus), promote_request=self.request, verdict=Verdict.REQUEST_CHANGES, body="Show the recall."
        )

    def made_by_grace(self) -> None:
        """Has grace on record as who registered the version, and a rule that lets no maker approve."""
        self._made_by(self.grace)

    def approved_by_its_maker(self) -> None:
        """Has the version approved by linus, who turns out to have registered it."""
        self.approved()
        self._made_by(self.linus)

    def _made_by(self, user: User) -> None:
        version = self.fraud.get_version("Fraud", "2")
        register(version, user)
        makers = [asdict(maker) for maker in makers_of(version, workspace="")]
        PromoteRequest.objects.update(makers=makers)
        self.asks_for(makers={"unknown": "pass"})

    def asks_for(self, **conditions: Any) -> None:
        """Has the rule ask for one approval and these conditions."""
        ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 1, **conditions})

    def question(self) -> int:
        """Gives the key of linus's blocking thread, which is opened when it is first asked for."""
        found = Thread.objects.filter(opener=self.linus).first()
        if found is None:
            written = services.comment(
                actor=by(self.linus), promote_request=self.request, body="Which data?", is_blocking=True
            )
            found = written.thread
        return found.pk

    def remark(self) -> int:
        """Gives the key of grace's comment in that thread."""
        thread = self.question()
        found = Comment.objects.filter(author=self.grace).first()
        if found is None:
            found = services.reply(actor=by(self.grace), promote_request=self.request, thread=thread, body="October's.")
        return found.pk

    def settled(self) -> None:
        services.resolve(actor=by(self.linus), promote_request=self.request, thread=self.question())

    def taken_back(self) -> None:
        services.delete_comment(actor=by(self.grace), promote_request=self.request, comment=self.remark())

    def state(self) -> dict[str, Any]:
        """Returns all that a refusal has to leave as it was; what MLflow showed last is `observed` and may be newer."""
        observed = {"champion_version", "evidence_fingerprint", "evidence_digest", "challenger_stage"}
        rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in KEPT}
        requests = rows["PromoteRequest"]
        seen = [{name: row.pop(name) for name in observed} for row in requests]
        for row in requests:
            row.pop("updated_at")
        writes = [
            call
            for call in self.fraud.calls
            if not call[0].startswith(("get_", "list_", "read_", "search_", "last_", "holders", "copies", "makers"))
        ]
        return {**rows, "observed": seen, "writes": writes}


@pytest.fixture
def world(fraud: FakeRegistry, ada: User, grace: User) -> World:
    return World(fraud, ada, grace, UserFactory(username="linus"), AdministratorFactory(username="root"))
