import pytest

from testing.api_client import Api, assert_refused

pytestmark = pytest.mark.django_db


def test_everybody_reads_the_protection_rules_and_nobody_writes_them(db, ada):
    api = Api(ada)
    patterns = [rule["target_pattern"] for rule in api.get("protection-rules/").json()["results"]]
    assert "stage:*" in patterns
    assert_refused(api.post("protection-rules/", {}), 405, "METHOD_NOT_ALLOWED")
