"""People with and without a hand in a request, and what they do to it."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import service_accounts
from accounts.models import User
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import AdministratorFactory, by, service_account


def rule(**values):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(**values)


def judge(user, asked, verdict=Verdict.APPROVE, **values):
    return services.review(actor=by(user), promote_request=asked, verdict=verdict, **values)


def handed_over(account, to):
    service_accounts.change(actor=by(AdministratorFactory()), account=account, owner=to, purpose="Trains.")
    return User.objects.get(pk=account.pk)


def fresh(asked):
    return PromoteRequest.objects.get(pk=asked.pk)


def signed_in(user):
    client = Client(headers={"accept": "text/html"})
    client.force_login(user)
    return client


def may_break(user):
    user.user_permissions.add(Permission.objects.get(codename="break_glass"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def linus(db):
    return UserFactory(username="linus")


@pytest.fixture
def nightly(fraud, ada):
    """A service account of ada's."""
    return service_account("nightly", ada)


def promoted(author, reviewer, **values):
    asked = PromoteRequestFactory(actor=author, **values)
    judge(reviewer, asked)
    assert fresh(asked).status == Status.PROMOTED
    return fresh(asked)


def two_promoted(fraud, ada, grace):
    promoted(ada, grace)
    last = promoted(ada, grace, version=fraud.add_version("Fraud").version)
    rule(conditions={"approvals": 2}, moves={"rollback": {"approvals": 1}})
    return last


def drafted(author, **values):
    return PromoteRequestFactory(actor=author, draft=True, title="My secret plan", **values)


@pytest.fixture(params=["draft", "withdrawn"])
def draft(request, fraud, ada):
    """A draft of ada's that was never submitted."""
    made = drafted(ada, description="For @grace alone.")
    if request.param == "withdrawn":
        services.comment(actor=by(ada), promote_request=made, body="Never mind, @grace.")
        services.withdraw(actor=by(ada), promote_request=made)
    return fresh(made)
