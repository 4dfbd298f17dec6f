"""No list of the admin fails on a search within JSON that somebody types into the address."""

import pytest
from django.contrib import admin
from django.db.models import JSONField
from django.test import Client
from django.urls import reverse

from testing.people import AdministratorFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_database]
WITHIN = sorted(
    (f"{model._meta.app_label}_{model._meta.model_name}", field.name)
    for model in admin.site._registry
    for field in model._meta.get_fields()
    if isinstance(field, JSONField)
)


@pytest.mark.parametrize(("model", "field"), WITHIN)
def test_a_search_within_json_is_refused_and_no_fault_of_ours(client: Client, model: str, field: str) -> None:
    client.force_login(AdministratorFactory())
    address = reverse(f"admin:{model}_changelist")
    assert client.get(address).status_code == 200
    for rest in ("", "__0", "__a__b", "__contains", "__has_key", "__isnull"):
        assert client.get(address, {f"{field}{rest}": "["}).status_code == 400, rest
