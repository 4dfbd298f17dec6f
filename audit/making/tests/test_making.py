"""Who made what: read from MLflow's answers, written, matched to exactly one version, and forgotten."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from audit.making import answers, clearing, recording, waiting
from audit.making.answers import Thing, Version
from audit.making.makers import makers_of
from audit.making.models import Kind, MadeThing, RegisteredVersion
from audit.making.waiting import Created
from registry.makers import Deed, Maker
from registry.types import ModelVersion
from testing.people import service_account

pytestmark = pytest.mark.django_db

RUN, MODEL = "a" * 32, f"m-{'b' * 32}"
AT = datetime(2026, 11, 27, 12, 0, 0, 123_000, tzinfo=UTC)
FRAUD = ModelVersion("Fraud", "2", created_at=AT, run_id=RUN, source=f"models:/{MODEL}")
MS = round(AT.timestamp() * 1000)


def created(user, thing_id=RUN, kind=Kind.RUN, source_run="", at=None):
    waiting.note(Created(Thing(kind, thing_id, source_run), user.pk, user.username, at or timezone.now()))


def registered(user, version=FRAUD, *, workspace="", original=None):
    parts = answers.parts_of(version.run_id, version.model_id, version.source)
    made = Version(version.name, version.version, recording.milliseconds(version), version.source, parts)
    who = {"user_id": user.pk, "name": user.username, "owner_id": user.owner_id}
    return recording.record_version(made, workspace=workspace, **who, original=original)


def answer(**values):
    said = {"name": "Fraud", "version": "2", "creation_timestamp": MS, "source": "s3://x", "run_id": RUN, **values}
    return json.dumps({"model_version": said}).encode()


def test_a_version_is_read_from_mlflows_answer_and_its_source_from_the_call():
    found = answers.read_version(answer(), b'{"name": "Fraud", "source": "models:/Other/7"}')
    assert (found.name, found.version, found.created_ms, found.source) == ("Fraud", "2", MS, "models:/Other/7")
    assert (found.is_copy, found.original, found.parts) == (True, ("Other", "7"), ((RUN, Kind.RUN, True),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"model_version": 1}',
        answer(version=None),
        answer(version="two"),
        answer(version=True),
        answer(name=""),
        answer(name="x" * 257),
        answer(creation_timestamp=None),
        answer(creation_timestamp=-1),
        answer(creation_timestamp="soon"),
        answer(creation_timestamp=1.5),
        answer(creation_timestamp=True),
        answer()[:-2],
    ],
)
def test_what_names_no_version_for_sure_is_none(content):
    assert answers.read_version(content) is None


def test_numbers_may_come_as_texts_and_names_in_camel_case():
    said = {"name": "Fraud", "version": 2, "creationTimestamp": str(MS), "runId": RUN}
    found = answers.read_version(json.dumps({"model_version": said}).encode())
    assert (found.version, found.created_ms, found.parts) == ("2", MS, ((RUN, Kind.RUN, True),))


@pytest.mark.parametrize(
    ("source", "original", "is_copy"),
    [
        ("models:/Fraud/3", ("Fraud", "3"), True),
        ("models:/Fraud@champion", None, True),
        ("models:/Fraud/latest", None, True),
        ("models:/a/b/3", None, True),
        (f"models:/{MODEL}", None, False),
        ("s3://bucket/models:/Fraud/3", None, False),
    ],
)
def test_only_a_version_named_for_sure_is_an_original(source, original, is_copy):
    found = Version("Fraud", "1", MS, source, ())
    assert (found.original, found.is_copy) == (original, is_copy)


def test_ids_in_a_source_are_found_and_nothing_that_looks_like_one():
    source = f"mlflow-artifacts:/1/{RUN}/artifacts/{'c' * 31}/{'d' * 33}/m-{'e' * 32}"
    assert {(part[0], part[2]) for part in answers.parts_of("", "", source)} == {(RUN, False), (f"m-{'e' * 32}", False)}


def test_who_creates_a_run_and_who_registers_it_both_made_the_version(ada, grace):
    created(ada)
    registered(grace)
    assert makers_of(FRAUD, workspace="") == (
        Maker(Deed.REGISTERED, grace.pk, "grace"),
        Maker(Deed.CREATED_RUN, ada.pk, "ada"),
    )


def test_who_registers_a_run_by_its_place_alone_does_not_hide_who_created_it(ada, grace):
    created(ada)
    placed = replace(FRAUD, run_id="", source=f"s3://bucket/1/{RUN}/artifacts/model")
    registered(grace, placed)
    assert Maker(Deed.CREATED_RUN, ada.pk, "ada") in makers_of(placed, workspace="")


def test_a_logged_model_brings_the_run_that_it_came_from(ada, grace):
    created(ada)
    created(grace, MODEL, Kind.LOGGED_MODEL, RUN)
    version = replace(FRAUD, run_id="", model_id=MODEL)
    registered(grace, version)
    assert {(maker.deed, maker.name) for maker in makers_of(version, workspace="")} == {
        (Deed.REGISTERED, "grace"),
        (Deed.CREATED_LOGGED_MODEL, "grace"),
        (Deed.CREATED_RUN, "ada"),
    }


@pytest.mark.parametrize(
    ("version", "workspace"),
    [
        (replace(FRAUD, created_at=AT + timedelta(milliseconds=1)), ""),
        (replace(FRAUD, created_at=None), ""),
        (replace(FRAUD, version="3"), ""),
        (replace(FRAUD, name="fraud"), ""),
        (FRAUD, "other"),
    ],
)
def test_another_version_has_unknown_makers(ada, version, workspace):
    registered(ada)
    assert Maker(Deed.REGISTERED) in makers_of(version, workspace=workspace)


def test_a_run_that_nobody_is_known_for_is_unknown_though_the_version_is_known(ada):
    registered(ada)
    assert makers_of(FRAUD, workspace="") == (Maker(Deed.REGISTERED, ada.pk, "ada"), Maker(Deed.CREATED_RUN))


def test_a_copy_has_the_makers_of_its_original_and_whoever_copied_it(ada, grace):
    created(ada)
    registered(ada)
    copy = ModelVersion("prod", "1", created_at=AT + timedelta(hours=1), source="models:/Fraud/2")
    registered(grace, copy, original=FRAUD)
    assert {(maker.deed, maker.name) for maker in makers_of(copy, workspace="")} == {
        (Deed.REGISTERED, "grace"),
        (Deed.REGISTERED, "ada"),
        (Deed.CREATED_RUN, "ada"),
    }


def test_a_copy_that_checkpoint_made_has_the_makers_of_its_original_alone(ada):
    created(ada)
    registered(ada)
    copy = ModelVersion("prod", "1", created_at=AT + timedelta(hours=1), source="models:/Fraud/2")
    recording.record_copy(copy, FRAUD, workspace="")
    assert {maker.name for maker in makers_of(copy, workspace="")} == {"ada"}


@pytest.mark.parametrize("original", [None, replace(FRAUD, created_at=AT - timedelta(days=1))])
def test_a_copy_of_what_nobody_knows_is_unknown_in_part(ada, grace, original):
    registered(ada)
    copy = ModelVersion("prod", "1", created_at=AT, source="models:/Fraud/2")
    registered(grace, copy, original=original)
    assert makers_of(copy, workspace="") == (Maker(Deed.REGISTERED, grace.pk, "grace"), Maker(Deed.REGISTERED))


def test_the_first_word_on_a_version_stands(ada, grace):
    registered(ada)
    assert registered(grace) is None
    assert [row.maker_name for row in RegisteredVersion.objects.all()] == ["ada"]


def test_a_renamed_model_keeps_its_makers(ada):
    registered(ada, replace(FRAUD, run_id=""))
    recording.rename("", "Fraud", "Scam")
    assert makers_of(replace(FRAUD, name="Scam", run_id=""), workspace="") == (Maker(Deed.REGISTERED, ada.pk, "ada"),)


def test_many_versions_are_renamed_in_one_statement_and_a_namesake_stays_what_it_is(
    ada, grace, django_assert_num_queries
):
    for number in range(1, 8):
        registered(ada, replace(FRAUD, version=str(number), run_id=""))
    registered(grace, replace(FRAUD, name="Scam", version="3", run_id=""))
    registered(grace, replace(FRAUD, name="Other", version="3", run_id=""))
    with django_assert_num_queries(1):
        recording.rename("", "Fraud", "Scam")
    names = RegisteredVersion.objects.order_by("pk").values_list("model_name", "maker_name")
    assert list(names) == [
        *[("Fraud" if number == 3 else "Scam", "ada") for number in range(1, 8)],
        ("Scam", "grace"),
        ("Other", "grace"),
    ]


def test_what_waits_is_written_in_batches_and_what_the_database_refuses_goes_on_waiting(ada, monkeypatch):
    monkeypatch.setattr(waiting, "BATCH", 3)
    for number in range(7):
        created(ada, f"{number:032x}")
    write, calls = waiting._write, []

    def failing(batch):
        calls.append(len(batch))
        if len(calls) == 2:
            raise DatabaseError("away")
        write(batch)

    monkeypatch.setattr(waiting, "_write", failing)
    with pytest.raises(DatabaseError):
        waiting.flush()
    assert MadeThing.objects.count() == 3
    waiting.flush()
    assert (MadeThing.objects.count(), calls) == (7, [3, 3, 3, 1])


def test_more_than_can_wait_is_left_out_and_said_once(ada, monkeypatch, caplog):
    monkeypatch.setattr(waiting, "MOST", 2)
    monkeypatch.setattr(waiting, "_said_at", -waiting._SAY_AGAIN_SECONDS)
    for number in range(5):
        created(ada, f"{number:032x}")
    waiting.flush()
    assert MadeThing.objects.count() == 2
    assert caplog.text.count("runs wait to be recorded") == 1


def test_old_runs_that_no_version_is_made_of_are_forgotten_and_all_others_kept(ada, settings, monkeypatch):
    monkeypatch.setattr(clearing, "_BATCH", 2)
    settings.CHECKPOINT_RUN_MAKERS_DAYS = 30
    old = timezone.now() - timedelta(days=31)
    for number in range(5):
        created(ada, f"{number:032x}", at=old)
    created(ada, RUN, at=old)
    created(ada, "f" * 32)
    registered(ada)
    clearing.clear_unused()
    assert set(MadeThing.objects.values_list("thing_id", flat=True)) == {RUN, "f" * 32}


def test_of_a_service_accounts_deed_the_record_keeps_who_answered_for_it_then(ada, grace):
    nightly = service_account("nightly", ada)
    waiting.note(Created(Thing(Kind.RUN, RUN), nightly.pk, "nightly", timezone.now(), nightly.owner_id))
    registered(nightly)
    type(nightly).objects.filter(pk=nightly.pk).update(owner=grace)
    assert makers_of(FRAUD, workspace="") == (
        Maker(Deed.REGISTERED, nightly.pk, "nightly", ada.pk, "ada"),
        Maker(Deed.CREATED_RUN, nightly.pk, "nightly", ada.pk, "ada"),
    )


@pytest.mark.parametrize(
    "source",
    [
        "models:/Fraud/3",
        "MODELS:/Fraud/3",
        " models:/Fraud/3",
        "mod\nels:/Fraud/3",
        "models:///Fraud/3",
        "models:/Fraud/3?x=1",
        f"models:/Fraud/3?{MODEL}",
        "models://elsewhere/Fraud/3",
        "models:/Fraud/003",
        "models:/Fraud/\uff13",
    ],
)
def test_however_a_copys_source_is_spelled_its_original_is_found(source):
    """Each is what MLflow 3.17 takes for version 3 of Fraud, or would with another server's checks."""
    found = Version("Fraud", "1", MS, source, ())
    assert (found.original, found.is_copy) == (("Fraud", "3"), True)


@pytest.mark.parametrize(
    "source",
    [
        "models:/Fraud/3#x",
        f"models:/Fraud@champion?{MODEL}",
        f"models:/Fraud/Production?{MODEL}",
        f"models:/Fraud/latest#{MODEL}",
        "models:/Fraud/0",
        "models:/Fraud/9999999999",
        "models:/Fraud/\u00b2",
        "models:/Fraud%2F3",
        "models:/",
        "models:",
    ],
)
def test_a_copy_whose_original_nobody_can_tell_has_an_unknown_maker(ada, source):
    found = Version("Fraud", "1", MS, source, ())
    assert (found.original, found.is_copy) == (None, True)
    copy = ModelVersion("Fraud", "1", created_at=AT, source=source)
    registered(ada, copy)
    assert Maker(Deed.REGISTERED) in makers_of(copy, workspace="")


@pytest.mark.parametrize("quoted", ["".join(f"%{ord(one):02x}" for one in RUN), f"%2561{RUN[1:]}", RUN.upper()])
def test_a_run_is_found_in_a_source_however_its_id_is_quoted(ada, quoted):
    created(ada)
    placed = replace(FRAUD, run_id="", source=f"mlflow-artifacts:/1/{quoted}/artifacts/model")
    registered(ada, placed)
    assert Maker(Deed.CREATED_RUN, ada.pk, "ada") in makers_of(placed, workspace="")
