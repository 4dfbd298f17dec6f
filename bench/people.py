"""Creates people, each with a token and a session, in the database of the environment; prints them as JSON."""

import json
import secrets
import sys
from collections.abc import Sequence

import django


def main() -> None:
    """Prints what `make` returns for the names on the command line."""
    django.setup()
    print(json.dumps(make(sys.argv[1:])))


def make(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Prepares the database and returns {name: {"token": ..., "session": ...}} of people that it creates."""
    from django.conf import settings  # noqa: PLC0415 - Django had to be set up first
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from accounts import people, tokens  # noqa: PLC0415
    from audit.actors import Actor, Door  # noqa: PLC0415
    from checkpoint_project.startup import prepare_database  # noqa: PLC0415

    prepare_database()
    bench, made = Actor.checkpoint(Door.COMMAND), dict[str, dict[str, str]]()
    for name in names:
        email, password = f"{name}@example.org", secrets.token_urlsafe()
        user = people.create(actor=bench, username=name, email=email, password=password, how="by the bench")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        _, token = tokens.issue(actor=bench, user=user, name="bench")
        made[name] = {"token": token, "session": session.session_key}
    return made


if __name__ == "__main__":
    main()
