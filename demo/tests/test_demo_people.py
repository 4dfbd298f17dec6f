"""The demo's people and what they sign in with."""

import stat
from pathlib import Path

import pytest

from accounts import tokens
from accounts.models import ApiToken, User
from demo.people import Credentials, create_people
from protection.models import Ownership, ProtectionRule


def test_passwords_are_random_per_installation_and_the_same_on_every_run(tmp_path: Path) -> None:
    first = Credentials.load_or_create(tmp_path / "people.json")
    assert Credentials.load_or_create(tmp_path / "people.json") == first
    assert Credentials.load_or_create(tmp_path / "others.json").passwords != first.passwords
    assert len(set(first.passwords.values())) == 4
    assert stat.S_IMODE((tmp_path / "people.json").stat().st_mode) == 0o600


@pytest.mark.django_db(transaction=True)
def test_ada_asks_grace_reviews_admin_administers() -> None:
    credentials = Credentials()
    create_people(credentials)
    ada, grace, admin = (User.objects.get(username=name) for name in ("ada", "grace", "admin"))
    for person in (ada, grace, admin):
        assert person.check_password(credentials.passwords[person.username])
    assert (ada.is_staff, ada.is_superuser) == (False, False)
    assert (grace.is_staff, grace.is_superuser) == (True, False)
    assert grace.has_perm("promote_requests.view_promoterequest")
    assert not grace.has_perm("accounts.change_user")
    assert admin.is_superuser
    rule = ProtectionRule.objects.get(model_pattern="tumour-classifier", target_pattern="stage:Production")
    assert [condition.key for condition in rule.parsed_conditions] == ["approvals", "checks", "gates"]
    assert list(Ownership.objects.values_list("section", flat=True)) == ["Risk"]
    assert list(User.objects.get(username="riley").groups.values_list("name", flat=True)) == ["Risk"]
    assert User.objects.get(username="ci-bot").owner == admin
    assert {name: tokens.find_usable(token).user.username for name, token in credentials.tokens.items()} == {
        "ada": "ada",
        "grace": "grace",
        "riley": "riley",
        "ci-bot": "ci-bot",
    }


@pytest.mark.django_db(transaction=True)
def test_a_second_run_changes_nobody() -> None:
    credentials = Credentials()
    create_people(credentials)
    User.objects.filter(username="ada").update(email="ada@elsewhere.example")
    before = dict(credentials.tokens)
    create_people(credentials)
    assert credentials.tokens == before
    assert User.objects.get(username="ada").email == "ada@elsewhere.example"
    assert ApiToken.objects.count() == 4
    assert ProtectionRule.objects.filter(model_pattern="tumour-classifier").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_lost_file_gets_new_tokens_and_the_lost_ones_stop_working() -> None:
    lost = Credentials()
    create_people(lost)
    found = Credentials()
    create_people(found)
    assert tokens.find_usable(lost.tokens["ada"]) is None
    assert tokens.find_usable(found.tokens["ada"]) is not None
