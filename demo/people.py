"""The demo's people, its service account and their rules. Run as a module in the demo's environment."""

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import django

MODEL, PROMPT = "tumour-classifier", "explain-diagnosis"
RULES = Path(__file__).with_name("rules.yaml")
"""What the demo's rules ask, and of whom: rules as code, as `manage.py rules import` reads them."""
BOT = "ci-bot"
RISK = "Risk"
"""The group that answers for what patients read."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter or digit that looks like another
_DEMO = "demo"

ROLES = {
    "ada": "asks for promotions",
    "grace": "reviews them",
    "riley": "answers for risk",
    "admin": "administers",
}


def _new_passwords() -> dict[str, str]:
    return {name: "".join(secrets.choice(_ALPHABET) for _ in range(14)) for name in ROLES}


@dataclass
class Credentials:
    """The passwords and tokens of the demo's people: random for each installation, the same on each of its runs.

    Attributes:
        passwords: {user name: password}.
        tokens: {user name: API token}, for ada, grace, riley and ci-bot, once `create_people` has run.
    """

    passwords: dict[str, str] = field(default_factory=_new_passwords)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """Returns the credentials stored at `path`, or new ones, which only the owner may read there."""
        if path.exists():
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        new = cls()
        new.save(path)
        return new

    def save(self, path: Path) -> None:
        """Stores them at `path` with mode 0600; a reader sees the old or the new file, never a part."""
        draft = path.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
        draft.replace(path)


def create_people(credentials: Credentials) -> None:
    """Migrates the database, creates the people and rules that are missing, and replaces tokens that do not work.

    Existing people are left unchanged, because somebody may have edited them.
    """
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415 - models load only once Django is set up
    from django.core.management import call_command  # noqa: PLC0415

    from accounts import people, sentences, service_accounts, standing, tokens  # noqa: PLC0415
    from accounts.models import ApiToken, User  # noqa: PLC0415
    from audit.actors import Actor, Door  # noqa: PLC0415
    from protection.documents import files  # noqa: PLC0415
    from protection.models import ProtectionRule  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    demo = Actor.checkpoint(Door.COMMAND)
    for name, password in credentials.passwords.items():
        if not User.objects.filter(username=name).exists():
            people.create(
                actor=demo,
                username=name,
                email=f"{name}@example.org",
                password=password,
                how=sentences.BY_DEMO,
                is_administrator=name == "admin",
            )
    grace = User.objects.get(username="grace")
    if not grace.is_staff:
        before = standing.of_account(grace)
        grace.is_staff = True
        grace.save(update_fields=["is_staff"])
        rooms = Permission.objects.filter(content_type__app_label__in=["promote_requests", "protection", "audit"])
        rooms = rooms.exclude(codename="break_glass")
        grace.user_permissions.set([*rooms, Permission.objects.get(codename="change_metricdirection")])
        standing.record_account(actor=demo, user=grace, before=before)
    admin = User.objects.get(username="admin")
    if not User.objects.filter(username=BOT).exists():
        purpose = "Reports what the evaluation came to."
        service_accounts.create(actor=demo, username=BOT, owner=admin, purpose=purpose)
    risk, is_new = Group.objects.get_or_create(name=RISK)
    if is_new:
        User.objects.get(username="riley").groups.add(risk)
    if not ProtectionRule.objects.filter(model_pattern=MODEL).exists():
        parsed = files.parse(RULES.read_text(encoding="utf-8"))
        files.apply(parsed, actor=Actor.of(admin, Door.COMMAND), delete_others=False, dry_run=False)
    for name in ("ada", "grace", "riley", BOT):
        token = tokens.find_usable(credentials.tokens.get(name, ""))
        if token is None or token.user.username != name:
            # The file that had the old one is gone, so nobody can use it any more.
            for lost in ApiToken.objects.usable().filter(user__username=name, name=_DEMO):
                tokens.revoke(actor=Actor.of(lost.user, Door.COMMAND), token=lost)
            _, credentials.tokens[name] = tokens.issue(actor=demo, user=User.objects.get(username=name), name=_DEMO)


def main() -> None:
    """Creates the people of the file on the command line."""
    os.umask(0o077)
    path = Path(sys.argv[1])
    credentials = Credentials.load_or_create(path)
    django.setup()
    create_people(credentials)
    credentials.save(path)


if __name__ == "__main__":
    main()
