"""People and tokens for tests. `PASSWORD` is everybody's."""

import re
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.test import Client
from factory.django import DjangoModelFactory

from accounts import service_accounts, tokens
from accounts.models import ApiToken, User
from audit.actors import Actor, Door

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[User]):
    """A person who can sign in with `PASSWORD`; pass `password=` for another."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = PASSWORD

    @classmethod
    def _adjust_kwargs(cls, **kwargs: Any) -> dict[str, Any]:
        return kwargs | {"password": make_password(kwargs["password"])}


class AdministratorFactory(UserFactory):
    """A person with every right."""

    is_staff = True
    is_superuser = True


def service_account(username: str, owner: User) -> User:
    """Returns a service account that a person answers for."""
    made = service_accounts.create(
        actor=Actor.checkpoint(Door.COMMAND), username=username, owner=owner, purpose="Trains every night."
    )
    return User.objects.get(pk=made.pk)


def issue_token(user: User | None = None, **options: Any) -> tuple[ApiToken, str]:
    """Gives a token and its plain text; the name and the person are made up where none is given."""
    user = user or UserFactory()
    actor = Actor.checkpoint(Door.COMMAND) if user.is_service_account else by(user)
    return tokens.issue(actor=actor, user=user, **({"name": "training"} | options))


def bearer(plaintext: str) -> dict[str, str]:
    """Gives the keyword arguments that make Django's test client send the token."""
    return {"HTTP_AUTHORIZATION": f"Bearer {plaintext}"}


def by(user: User, door: Door = Door.PAGE) -> Actor:
    """Returns a person as services know them."""
    return Actor.of(user, door)


def suspended_mark(client: Client, address: str) -> str:
    """Returns what the page for the password says of the call that goes on then, as a browser sends it back."""
    found = re.search(r'name="suspended" value="([0-9a-f]{64})"', client.get(address).content.decode())
    return found[1] if found else ""
