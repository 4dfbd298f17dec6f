"""Digests of versions' files: taken once, gone on with after an interruption, and compared with what is served."""

import hashlib

import pytest
from django.core.management import CommandError, call_command

from evidence.digests import taking
from evidence.digests.root import root_digest
from evidence.models import DigestedFile, Manifest
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from registry.targets import Target
from testing.factories import PromoteRequestFactory
from testing.people import by


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_root_is_the_one_that_model_signing_computes():
    """Expected from the package model-signing 1.1.1, `hashing.Config().hash(folder)`, on a folder of these files."""
    files = {"a/x": b"hi\n", "a.txt": b"yo\n", "b/empty": b"", "Z": b"Z", "b/é 1": "é".encode()}
    files |= {"model.sig": b"signed", ".git/config": b"", ".gitignore": b"*"}
    expected = "927b81d51a382818bb7b4cf30b644854c283a628539831fc42864f4a2cda2e8a"
    assert root_digest({path: sha(content) for path, content in files.items()}) == expected


@pytest.fixture
def files(fraud, db):
    fraud.files["Fraud", "2", "MLmodel"] = b"flavors: {}"
    fraud.files["Fraud", "2", "model.pkl"] = b"\x80\x04" * 300_000
    fraud.files["Fraud", "1", "MLmodel"] = b"flavors: []"
    return fraud.files


def take(fraud, version="2"):
    return taking.take(fraud, workspace="", name="Fraud", version=version)


def reads(fraud):
    return [arguments[2] for call, arguments in fraud.calls if call == "stream_file"]


def test_a_version_is_read_once(files, fraud):
    manifest = take(fraud)
    assert manifest.root == root_digest({path: sha(files["Fraud", "2", path]) for path in ("MLmodel", "model.pkl")})
    assert reads(fraud) == ["MLmodel", "model.pkl"]
    assert take(fraud).pk == manifest.pk
    assert reads(fraud) == ["MLmodel", "model.pkl"]


def test_an_interrupted_reading_goes_on_where_it_was(files, fraud):
    fraud.before(
        "stream_file",
        lambda: fraud.fail_next(RegistryUnreachable("Gone."), call="stream_file") if reads(fraud) else None,
    )
    with pytest.raises(RegistryUnreachable):
        take(fraud)
    assert (DigestedFile.objects.count(), Manifest.objects.get().root) == (1, "")
    fraud._hooks.clear()
    fraud._failures.clear()
    take(fraud)
    assert reads(fraud) == ["MLmodel", "model.pkl", "model.pkl"]


def test_files_that_changed_in_between_are_all_read_again(files, fraud):
    take(fraud)
    Manifest.objects.update(finished_at=None, root="")
    files["Fraud", "2", "MLmodel"] = b"flavors: {other}"
    assert take(fraud).root == root_digest({path: sha(files["Fraud", "2", path]) for path in ("MLmodel", "model.pkl")})


def test_a_version_that_cannot_be_read_whole_has_no_root(fraud, db):
    fraud.add_version("Fraud", source="s3://bucket/root/777")
    with pytest.raises(taking.Undigestable, match="where Checkpoint does not look"):
        take(fraud, "3")
    assert not reads(fraud)


def test_one_changed_byte_is_named_by_the_command_and_on_the_page(files, fraud, open_request, grace, client, capsys):
    call_command("digest")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    call_command("digest", "--verify")
    assert "Fraud version 2: every file is as it was" in capsys.readouterr().out
    files["Fraud", "2", "model.pkl"] = b"\x80\x05" + files["Fraud", "2", "model.pkl"][2:]
    files["Fraud", "2", "extra.txt"] = b"more"
    with pytest.raises(CommandError, match="Not in order: 1 of 1"):
        call_command("digest", "--verify")
    out = capsys.readouterr().out
    assert "Fraud version 2: model.pkl is changed" in out
    assert "Fraud version 2: extra.txt is added" in out
    client.force_login(grace)
    page = client.post(f"{open_request.get_absolute_url()}now/").content.decode().replace("<wbr>", "")
    assert "<code>model.pkl</code> is changed" in page
    assert "What serves now is not what was approved." in page
    files["Fraud", "2", "model.pkl"] = b"\x80\x04" * 300_000
    del files["Fraud", "2", "extra.txt"]
    call_command("digest", "Fraud", "2", "--verify")
    page = client.post(f"{open_request.get_absolute_url()}now/").content.decode()
    assert "What serves now" not in page
    assert "every file is as it was" in page


def test_a_file_that_model_signing_leaves_out_is_compared_too(files, fraud):
    files["Fraud", "2", ".git/model.pkl"] = b"as approved"  # MLmodel may say: model_path: .git/model.pkl
    files["Fraud", "2", "model.sig/code.py"] = b"as approved"
    manifest = take(fraud)
    assert manifest.root == root_digest({path: sha(files["Fraud", "2", path]) for path in ("MLmodel", "model.pkl")})
    files["Fraud", "2", ".git/model.pkl"] = b"as attacked"
    files["Fraud", "2", "model.sig/code.py"] = b"as attacked"
    files["Fraud", "2", "model.sig"] = b"signed after the digests were taken"
    found = [(one.path, one.what) for one in taking.verify(fraud, manifest)]
    assert found == [(".git/model.pkl", "changed"), ("model.sig/code.py", "changed")]


def test_files_that_differ_from_their_digests_are_not_promoted(files, fraud, open_request, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    call_command("digest")
    files["Fraud", "2", "model.pkl"] = b"x" * 600_000
    with pytest.raises(CommandError):
        call_command("digest", "--verify")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    with pytest.raises(EvidenceChanged, match=r"model\.pkl is changed"):
        services.promote(actor=by(grace), promote_request=PromoteRequest.objects.get())
    assert PromoteRequest.objects.get().status == Status.OPEN


def test_digests_tell_files_of_one_size_apart_and_are_kept_with_the_promotion(
    files, fraud, open_request, grace, client
):
    client.force_login(grace)
    page = client.post(f"{open_request.get_absolute_url()}now/").content.decode()
    assert "of the same size" in page
    assert "were not digested yet" in page
    take(fraud, "1")
    take(fraud, "2")
    page = client.post(f"{open_request.get_absolute_url()}now/").content.decode().replace("<wbr>", "")
    assert "of the same size" not in page
    assert "Digest of all files of version 2" in page
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    kept = services.evidence_of(PromoteRequest.objects.get()).challenger.tree
    assert {entry.path: entry.sha256 for entry in kept.files} == {
        path: sha(files["Fraud", "2", path]) for path in ("MLmodel", "model.pkl")
    }


def test_a_number_that_is_used_twice_is_two_versions(files, fraud):
    manifest = take(fraud)
    Manifest.objects.update(registered_at="2020-01-01T00:00Z")
    manifest.refresh_from_db()
    with pytest.raises(Exception, match="another version today"):
        taking.verify(fraud, manifest)
    assert take(fraud).pk != manifest.pk


def test_the_command_says_what_it_cannot_read_and_goes_on(files, fraud, open_request, capsys):
    with pytest.raises(CommandError, match="Not in order: 1 of 1"):
        call_command("digest", "Fraud", "9")
    assert "Fraud version 9: Model Version (name=Fraud, version=9) not found" in capsys.readouterr().out


def test_comparing_what_was_never_digested_is_not_in_order_and_says_of_which_version(
    files, fraud, open_request, ada, capsys
):
    PromoteRequestFactory(actor=ada, version="1", target=Target.parse("alias:old"))
    call_command("digest", "Fraud", "1")
    with pytest.raises(CommandError, match="Not in order: 1 of 2"):
        call_command("digest", "--verify")
    out = capsys.readouterr().out
    assert "Fraud version 2: no digests were taken yet, so nothing was compared" in out
    assert "Fraud version 1: every file is as it was" in out
    with pytest.raises(CommandError, match="Nothing was compared"):
        call_command("digest", "Nobody", "--verify")
    PromoteRequest.objects.update(is_prompt=True)
    with pytest.raises(CommandError, match="Nothing was compared"):
        call_command("digest", "--verify")
