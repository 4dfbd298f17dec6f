"""Creates people, each with a token and a session, in the database of the environment; prints them as JSON."""

import json
import secrets
import sys

import django


def main() -> None:
    """Prints {name: {"token": ..., "session": ...}} for each name on the command line."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - Django had to be set up first
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from accounts import people, tokens  # noqa: PLC0415
    from audit.actors import Actor, Door  # noqa: PLC0415
    from checkpoint_project.startup import prepare_database  # noqa: PLC0415

    prepare_database()
    bench, made = Actor.checkpoint(Door.COMMAND), {}
    for name in sys.argv[1:]:
        email, password = f"{name}@example.org", secrets.token_urlsafe()
        user = people.create(actor=bench, username=name, email=email, password=password, how="by the bench")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        _, token = tokens.issue(actor=bench, user=user, name="bench")
        made[name] = {"token": token, "session": session.session_key}
    print(json.dumps(made))


if __name__ == "__main__":
    main()
