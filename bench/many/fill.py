"""Fills Checkpoint's database; in a process of its own, with the settings of the Checkpoint that is to use it.

One request of each kind is made by the services, with a real MLflow behind, so that it is whole; the database
multiplies it then, row by row with what differs.
"""

import argparse
import json
from dataclasses import dataclass
from typing import Any

import django
from django.db import connection, models

from bench.many.columns import ALIASES, BUSY, CHAMPIONS, MODELS, Place, apart, columns

_OPEN, _CLOSED = 0.15, 0.3
"""Shares of the requests; the rest is promoted."""
NEWS = 50
"""Unread notices of who looks."""


@dataclass(frozen=True)
class Size:
    """How much there is.

    Attributes:
        requests: Promote requests. Beside them are 1.5 reviews, 1.5 threads of one comment, 10 audit rows and 2
            insights for each.
        rules: Active and evaluated ones.
        people: Who can sign in.
    """

    requests: int
    rules: int
    people: int


def main() -> None:
    """Fills the database and prints what `bench.people` prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.many.fill", description=__doc__)
    for name in ("requests", "rules", "people"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    django.setup()
    from bench.people import make  # noqa: PLC0415 - Django had to be set up first

    people, shown = make(["bench"]), dict[str, Any]()
    if options.requests:
        shown = _Filler(Size(options.requests, options.rules, options.people)).fill()
    print(json.dumps({"people": people, "shown": shown}))


class _Filler:
    def __init__(self, size: Size) -> None:
        from accounts.models import User  # noqa: PLC0415 - Django had to be set up first

        self._size = size
        self._looks = User.objects.get(username="bench")
        User.objects.filter(pk=self._looks.pk).update(is_staff=True, is_superuser=True)

    def fill(self) -> dict[str, Any]:
        """Fills the database; returns what is looked at: `Shown`, as a dictionary."""
        from accounts.models import User  # noqa: PLC0415
        from audit.models import AuditEvent  # noqa: PLC0415
        from promote_requests.models import Comment, PromoteRequest, Review, Thread  # noqa: PLC0415
        from protection.models import RuleInsight  # noqa: PLC0415

        self._people()
        self._rules()
        templates = self._templates()
        self._first = first = self._requests(templates)
        count = self._size.requests
        of_request = f"{first} + (g.i - 1) %% {count}"
        somebody = f"{self._first_person} + ({of_request} + g.i / {count}) %% {self._size.people - 1}"
        asked = PromoteRequest._meta.db_table
        author = f"(SELECT author_id FROM {asked} WHERE number = {of_request})"  # noqa: S608 - the model's own name
        said = count * 3 // 2
        at = f"now() - ({count} - (g.i - 1) %% {count}) * {apart(count)}"
        review, thread = Review.objects.earliest("pk"), Thread.objects.earliest("pk")
        verdict = "CASE WHEN g.i %% 10 < 3 THEN 'request_changes' ELSE 'comment' END"
        self._multiply(
            review,
            said,
            promote_request=of_request,
            reviewer=somebody,
            request_author=author,
            verdict=verdict,
            created_at=at,
        )
        threads = self._multiply(thread, said, promote_request=of_request, opener=somebody, created_at=at)
        self._multiply(
            Comment.objects.earliest("pk"),
            said,
            promote_request=of_request,
            author=somebody,
            thread=f"{threads} + g.i - 1",
            created_at=at,
        )
        event = AuditEvent.objects.filter(action="commented").earliest("pk")
        self._multiply(event, count * 10, promote_request=of_request, actor=somebody, at=at)
        self._multiply(RuleInsight.objects.earliest("pk"), count * 2, promote_request_number=of_request, at=at)
        self._news()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        return {
            "open": first + count - 7,
            "promoted": self._last_promoted - CHAMPIONS // 2,
            "author": User.objects.get(pk=self._last_person).get_username(),
            "model": BUSY,
        }

    def _people(self) -> None:
        from django.contrib.auth.models import Group  # noqa: PLC0415

        from accounts.models import User  # noqa: PLC0415

        names = [f"person{number:04}" for number in range(self._size.people)]
        made = User.objects.bulk_create([User(username=name, email=f"{name}@example.org") for name in names])
        # The last one reviews nothing (`fill`), and may be the author of anything.
        self._first_person, self._last_person = made[0].pk, made[-1].pk
        groups = Group.objects.bulk_create([Group(name=f"team {number:02}") for number in range(20)])
        membership = User.groups.through
        membership._default_manager.bulk_create(
            [
                membership(user_id=person.pk, group_id=groups[(number + add) % len(groups)].pk)
                for number, person in enumerate([*made, self._looks])
                for add in (0, 7)
            ]
        )

    def _rules(self) -> None:
        from protection.models import Ownership, ProtectionRule  # noqa: PLC0415
        from protection.people import resolved  # noqa: PLC0415

        teams = [resolved({"groups": [f"team {number:02}"]}) for number in range(20)]
        ProtectionRule.objects.bulk_create(
            [
                ProtectionRule(
                    model_pattern=f"model-*{number:03}" if number % 2 else f"model-{number * 5 % MODELS:05}",
                    target_pattern=f"alias:{ALIASES[number % len(ALIASES)]}" if number % 3 else "stage:Production",
                    conditions={"approvals": 2, **({"owners": True} if number % 5 == 0 else {})},
                    moves={"re_review": {"days": 365}} if number % 10 == 0 else {},
                    enforcement="active" if number % 20 else "evaluate",
                    description=f"Rule {number}",
                )
                for number in range(self._size.rules)
            ],
        )
        Ownership.objects.bulk_create(
            [
                Ownership(section="Risk", model_pattern=f"model-{number:03}*", people=teams[number % 20])
                for number in range(50)
            ]
        )

    def _templates(self) -> dict[str, Any]:
        """Returns an open, a closed and a promoted request, made as people make them."""
        from accounts.models import User  # noqa: PLC0415
        from audit.actors import Actor, Door  # noqa: PLC0415
        from promote_requests import services  # noqa: PLC0415
        from promote_requests.choices import Verdict  # noqa: PLC0415
        from promote_requests.models import PromoteRequest  # noqa: PLC0415
        from protection import insights  # noqa: PLC0415
        from protection.choices import Outcome  # noqa: PLC0415
        from protection.models import ProtectionRule  # noqa: PLC0415
        from registry.proposals import Proposal  # noqa: PLC0415
        from registry.targets import Target  # noqa: PLC0415

        author, *others = (
            Actor.of(user, Door.PAGE) for user in User.objects.filter(pk__gte=self._first_person).order_by("pk")[:8]
        )

        def ask(target: str) -> PromoteRequest:
            return services.create(
                actor=author,
                proposal=Proposal("large", "3", Target.parse(target)),
                title="A template",
                description="Better on **recall** in the last quarter.\n\n- [x] data checked\n- [ ] load test",
            )

        open_one, closed, promoted = (
            ask(f"alias:{name}-of-{self._size.requests}") for name in ("open", "closed", "promoted")
        )
        services.comment(actor=others[0], promote_request=open_one, body="Why does the loss rise?")
        services.review(actor=others[1], promote_request=open_one, verdict=Verdict.REQUEST_CHANGES, body="Show recall.")
        services.close(actor=author, promote_request=closed)
        services.review(actor=others[2], promote_request=promoted, verdict=Verdict.APPROVE, body="Good.")
        promoted.refresh_from_db()
        if promoted.status != "promoted":
            raise RuntimeError(f"The template is {promoted.status}.")
        rule = ProtectionRule.objects.earliest("pk")
        insights.record([insights.Judged(rule, Outcome.PASSED)], actor=author, about=promoted.about)
        return {"open": open_one, "closed": closed, "promoted": promoted}

    def _requests(self, templates: dict[str, Any]) -> int:
        """Multiplies the templates; returns the number of the first."""
        count = self._size.requests
        shares = {"closed": int(count * _CLOSED), "open": int(count * _OPEN)}
        shares["promoted"] = count - sum(shares.values())
        first, done = max(each.pk for each in templates.values()) + 1, 0
        # The oldest are closed, the newest open.
        for kind in ("closed", "promoted", "open"):
            place = Place(first, done, shares[kind], count, range(self._first_person, self._last_person + 1))
            self._multiply(templates[kind], shares[kind], **columns(kind, place))
            done += shares[kind]
            if kind == "promoted":
                self._last_promoted = first + done - 1
        return first

    def _news(self) -> None:
        """Writes a message for each request, two notices for each, and some unread ones for who looks.

        Those are about what was promoted last, which waits for nobody: the inbox shows each in a row of its own.
        """
        from notifications.choices import Event  # noqa: PLC0415
        from notifications.models import Message, Notice  # noqa: PLC0415

        message, count = Message.objects.filter(event=Event.CREATED).earliest("pk"), self._size.requests
        Message.objects.filter(pk=message.pk).update(state="done", finished_at=message.at)
        message.refresh_from_db()
        notice = Notice.objects.create(
            reader=self._looks,
            message=message,
            kind="asked",
            event=message.event,
            request_number=self._first,
            sentence=message.payload["sentence"],
            at=message.at,
            read_at=message.at,
        )
        messages = self._multiply(message, count, request_number=f"{self._first} + g.i - 1", uid="gen_random_uuid()")
        number, of = f"{self._first} + (g.i - 1) %% {count}", f"{messages} + (g.i - 1) %% {count}"
        reader = f"{self._first_person} + (g.i * 7 + g.i / {count}) %% {self._size.people}"
        self._multiply(notice, count * 2, reader=reader, message=of, request_number=number)
        self._multiply(
            notice,
            NEWS,
            reader=str(self._looks.pk),
            message=f"{messages + self._last_promoted - self._first} - g.i",
            request_number=f"{self._last_promoted} - g.i",
            read_at="NULL",
        )

    @staticmethod
    def _multiply(template: models.Model, count: int, **changed: str) -> int:
        """Adds rows that are as a template but for what is given as SQL, `g.i` from 1; returns the first key."""
        meta = template._meta
        table, key = meta.db_table, meta.pk.column
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT max({key}) FROM {table}")  # noqa: S608 - names of the models' own
            first = cursor.fetchone()[0] + 1
            values = {meta.get_field(name).column: sql for name, sql in changed.items()}
            values.setdefault(key, f"{first - 1} + g.i")
            columns = [field.column for field in meta.concrete_fields]
            wanted = ", ".join(values.get(column, f"t.{column}") for column in columns)
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {wanted} "  # noqa: S608 - as above
                f"FROM {table} t, generate_series(1, %s) g(i) WHERE t.{key} = %s",
                [count, template.pk],
            )
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [table, key, first + count - 1])
        return first


if __name__ == "__main__":
    main()
