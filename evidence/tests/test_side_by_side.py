"""Both sides are asked at once: each call here waits for the other one, and gives up where it is asked alone."""

import threading

import pytest

from evidence.contents.reading import with_files
from evidence.observe import Evidence, observe, observe_both
from foundation.database import side_by_side
from foundation.database.side_by_side import side_by_side as at_once
from registry import patience
from registry.exceptions import RegistryNotFound, RegistryTimeout
from registry.proposals import Proposal
from registry.targets import Target
from testing.waiting import LONG

pytestmark = pytest.mark.django_db
PROPOSAL = Proposal("Fraud", "2", Target.parse("stage:Production"))


def together(parties):
    """Returns a latch that opens when so many are at it; whoever waits in vain raises BrokenBarrierError."""
    return threading.Barrier(parties, timeout=LONG).wait


@pytest.fixture
def files(fraud):
    for version in ("1", "2"):
        fraud.files["Fraud", version, "MLmodel"] = b"flavors: {}"
    return fraud.files


def test_challenger_and_champion_are_asked_for_at_once(fraud):
    fraud.before("get_facts", together(2))
    evidence = observe(fraud, PROPOSAL)
    assert (evidence.challenger.version.version, evidence.champion_version) == ("2", "1")


def test_the_model_is_asked_for_beside_its_versions(fraud):
    both = together(2)
    fraud.before("get_model", both)
    fraud.before("holders", both)
    assert observe(fraud, PROPOSAL).champion_version == "1"


def test_any_two_versions_are_asked_for_at_once(fraud):
    fraud.before("get_facts", together(2))
    assert observe_both(fraud, ("Fraud", "1"), ("Fraud", "2"), workspace="").champion_version == "2"


def test_files_of_both_sides_are_read_and_listed_at_once(files, fraud):
    all_four = together(4)
    seen = []
    fraud.before("read_file", lambda: seen.append(1) or (all_four() if len(seen) <= 2 else None))
    fraud.before("list_files", all_four)
    found = with_files(fraud, observe(fraud, PROPOSAL), workspace="")
    assert [facts.contents.files for facts in (found.challenger, found.champion)] == [{"MLmodel": "flavors: {}"}] * 2
    assert [len(facts.tree.files) for facts in (found.challenger, found.champion)] == [1, 1]


def test_the_pages_of_files_and_of_curves_ask_for_both_sides_at_once(files, fraud, grace, client):
    fraud.before("get_facts", together(2))
    client.force_login(grace)
    asked = {"model": "Fraud", "version": "2", "with": "1"}
    assert client.get("/checkpoint/compare/file/", {**asked, "path": "MLmodel"}).status_code == 200
    assert client.get("/checkpoint/compare/curves/", {**asked, "metric": "auc"}).status_code == 200


def test_where_no_thread_is_free_they_are_asked_one_after_the_other(files, fraud, monkeypatch):
    monkeypatch.setattr(side_by_side, "_threads", threading.BoundedSemaphore(1))
    assert side_by_side._threads.acquire()
    names = set()
    fraud.before("get_facts", lambda: names.add(threading.current_thread().name))
    assert observe(fraud, PROPOSAL).champion_version == "1"
    assert names == {threading.current_thread().name}


def test_what_is_said_of_the_challenger_comes_first_and_every_thread_has_ended(fraud):
    with pytest.raises(RegistryNotFound, match="version=9"):
        observe(fraud, Proposal("Fraud", "9", Target.parse("model:Nowhere")))
    with pytest.raises(RegistryNotFound, match="Nobody"):
        observe_both(fraud, ("Fraud", "1"), ("Nobody", "1"), workspace="")
    assert not [thread for thread in threading.enumerate() if thread.name == "side by side"]
    assert side_by_side._threads._value == side_by_side.MOST_THREADS


def test_the_callers_patience_holds_for_every_call():
    with patience.at_most(0.0), pytest.raises(RegistryTimeout):
        at_once([lambda: patience.seconds_left(10.0), lambda: 1.0])


def test_nothing_to_ask_is_nothing_and_order_is_kept():
    assert at_once([]) == []
    assert at_once([lambda: 1, lambda: 2, lambda: 3]) == [1, 2, 3]


def test_a_version_beside_itself_is_asked_for_once(fraud):
    found = observe(fraud, Proposal("Fraud", "1", Target.parse("stage:Production")))
    assert isinstance(found, Evidence)
    assert found.champion is found.challenger
    assert [call for call, _ in fraud.calls].count("get_facts") == 1
