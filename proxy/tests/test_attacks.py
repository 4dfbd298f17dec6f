"""The attack corpus against the pure parts and the decision; `test_attacks_live.py` sends it to real servers."""

import pytest

from audit.actors import Actor, Door
from audit.models import AuditEvent
from proxy.exceptions import MalformedCall
from proxy.guard import entries
from proxy.guard.decide import check_seal, decide
from proxy.guard.routes import Traffic, classify, path_fault
from proxy.refusals import Refusal
from proxy.transfer import multipart
from testing.attacks import load, load_wire

ATTACKS = load("Fraud")
NOBODY = Actor.anonymous(Door.PROXY, "r-1")


SEAL = {"checkpoint.approved_by": "grace"}


@pytest.fixture
def fraud(registry):
    registry.add_version(
        "Fraud", stage="Production", aliases=("champion",), run_id="run1", model_id="m-1", experiment_id="1"
    )
    registry.add_version("Fraud")
    registry.set_version_tags("Fraud", "1", SEAL)
    registry.version = "3.18.0"
    for name in ("mcp:com.example/Fraud", "skill:fraud", "skill:@team/fraud"):
        registry.add_version(name, aliases=("champion",), prompt_text="Look.", tags=SEAL)
        registry.add_version(name, status="draft", prompt_text="Look again.")
    return registry


def read(route, content_type, body):
    """Returns what the view gives to the guard, and whether what follows it would arrive whole."""
    if route.operation != entries.REGISTRATION or not multipart.is_meant(content_type):
        return body, True
    try:
        upload = multipart.Upload(content_type, iter((body,)), len(body))
    except MalformedCall:
        return b"", False
    try:
        return upload.metadata, bool(list(upload.anew(b"{}")[1]))
    except MalformedCall:
        return upload.metadata, False


def outcome(attack):
    """What becomes of an attack, in the corpus's words."""
    path, _, query = attack.path.partition("?")
    if path_fault(path):
        return "path"
    route = classify(attack.method, path)
    if route.traffic == Traffic.PASS:
        return "harmless"
    call = {"method": attack.method, "path": path, "query": query, "workspace": ""}
    if route.traffic == Traffic.SEALED:
        decision = check_seal(route, **call, actor=NOBODY)
    else:
        content_type = attack.headers.get("Content-Type", "")
        body, is_whole = read(route, content_type, attack.body)
        decision = decide(route, **call, content_type=content_type, body=body, actor=NOBODY)
        if not is_whole and not isinstance(decision, Refusal):
            return "bad input"
    if not isinstance(decision, Refusal):
        return "allowed"
    return {400: "bad input", 403: "refused"}[decision.status]


@pytest.mark.django_db
@pytest.mark.whole
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_no_attack_passes(fraud, attack):
    found = outcome(attack)
    assert found == attack.expect, attack.why
    assert AuditEvent.objects.count() == (found == "refused")


def test_the_corpus_covers_what_it_should():
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names)) > 100
    assert {attack.expect for attack in ATTACKS} == {"path", "bad input", "refused", "harmless"}


def test_only_reads_are_called_harmless():
    for attack in ATTACKS:
        if attack.expect == "harmless":
            assert classify(attack.method, attack.path.partition("?")[0]).is_read, attack.name


def test_raw_requests_are_complete():
    attacks = load_wire("Fraud", host="localhost:5000", authorization="Bearer t")
    assert len(attacks) > 12
    for attack in attacks:
        assert b"$" not in attack.raw
        assert b"champion" in attack.raw
