import pytest

from registry.exceptions import RegistryNotFound
from registry.tests.contract import worlds
from registry.tests.contract.worlds import connect_to_mlflow
from registry.types import FileTree

world = worlds.world
fraud = worlds.fraud


def test_a_file_of_a_version_is_read_up_to_a_bound(world, fraud):
    world.put_file(fraud, "1", "MLmodel", b"flavors: {}")
    world.put_file(fraud, "1", "large.txt", b"x" * 300_000)
    assert world.client.read_file(fraud, "1", "MLmodel", limit=100_000) == b"flavors: {}"
    assert 100_000 < len(world.client.read_file(fraud, "1", "large.txt", limit=100_000) or b"") < 300_000
    assert world.client.read_file(fraud, "1", "none.txt", limit=100_000) is None
    assert world.client.read_file(fraud, "2", "MLmodel", limit=100_000) is None
    assert world.client.read_file(fraud, "1", "../MLmodel", limit=100_000) is None
    assert world.client.read_file(fraud, "1", "MLmodel", limit=100_000) == b"flavors: {}"  # on the connection after it


def test_the_files_of_a_version_are_listed_and_streamed(world, fraud):
    files = {
        "MLmodel": b"flavors: {}",
        "code/deep/predict.py": b"",
        "data/50% of all, 1.bin": bytes(range(256)) * 4_000,
    }
    for path, content in files.items():
        world.put_file(fraud, "1", path, content)
    tree = world.client.list_files(fraud, "1")
    assert {entry.path: entry.size for entry in tree.files} == {path: len(content) for path, content in files.items()}
    assert [entry.path for entry in tree.files] == sorted(files)
    assert (tree.problem, tree.size) == ("", 1_024_011)
    for path, content in files.items():
        assert b"".join(world.client.stream_file(fraud, "1", path)) == content
    assert world.client.list_files(fraud, "2").files == ()
    with pytest.raises(RegistryNotFound):
        list(world.client.stream_file(fraud, "1", "none.txt"))
    with pytest.raises(RegistryNotFound):
        world.client.list_files(fraud, "999")


@pytest.mark.mlflow
def test_the_files_of_a_copy_of_a_run_and_of_an_unlistable_place(request):
    world = connect_to_mlflow(request)
    name, copy = f"{world.prefix}Fraud", f"{world.prefix}Copy"
    world.add_version(name, metrics={"auc": 0.9})
    world.put_file(name, "1", "sub/a.txt", b"abc")
    world.client.copy_version(name, "1", copy, tags={})
    assert [entry.path for entry in world.client.list_files(copy, "1").files] == ["sub/a.txt"]
    world.store.create_model_version(name, "s3://bucket/models/fraud", None)
    tree = world.client.list_files(name, "2")
    assert (tree.files, tree.problem) == ((), "MLflow does not list what lies at s3://bucket/models/fraud.")


def test_a_prompt_has_no_files(world):
    name = f"{world.prefix}greeting"
    world.add_version(name, prompt_text="Hello")
    assert world.client.list_files(name, "1") == FileTree(())


@pytest.mark.mlflow
@pytest.mark.django_db
def test_a_byte_that_is_changed_past_checkpoint_is_found_by_the_digests(request):
    from evidence.digests import taking  # noqa: PLC0415 - the room above, asked of a real MLflow here

    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    world.add_version(name, metrics={"auc": 0.9})
    world.put_file(name, "1", "model.pkl", bytes(range(256)) * 8_000)
    world.put_file(name, "1", "sub/card.md", b"# Card")
    manifest = taking.take(world.client, workspace="", name=name, version="1")
    assert taking.verify(world.client, manifest) == []
    world.put_file(name, "1", "model.pkl", bytes(range(256)) * 7_999 + bytes(255) + b"!")
    assert taking.verify(world.client, manifest) == [taking.Mismatch("model.pkl", "changed")]
