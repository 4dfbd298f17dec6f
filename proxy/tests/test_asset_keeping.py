"""The kept files themselves: what is on the disk, what happens when it is damaged, exchanged, full or read-only."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from proxy import destination
from proxy.assets import keeping, serving
from proxy.assets.disk import Disk
from proxy.assets.entries import Body, Entry
from proxy.assets.memory import Memory
from proxy.assets.serving import Assets
from proxy.tests.test_assets import SCRIPT, asked, serve
from proxy.transfer import upstream as upstreams
from testing.servers.echo_upstream import EchoUpstream
from testing.waiting import LONG, wait_until

pytestmark = pytest.mark.sockets

PATH = "/static-files/static/js/main.c2f5f8d4.js"
MEGABYTE = 1024 * 1024


@pytest.fixture
def server(settings) -> Iterator[EchoUpstream]:
    with EchoUpstream() as running:
        settings.CHECKPOINT_REGISTRY_URL = running.url
        yield running
        upstreams.close_idle(destination.mlflow())


def kept_files(server: EchoUpstream, folder: Path, *, limit: int = 64 * MEGABYTE) -> Assets:
    return Assets(Disk(folder, limit), Memory(8 * MEGABYTE), server.url)


def ask(assets: Assets, path: str = PATH, accept: str = "br") -> HttpResponse | None:
    return assets.answer(RequestFactory().get(path, headers={"Accept-Encoding": accept}), path)


def fetch(assets: Assets, path: str = PATH) -> bytes:
    """Does what the view does with a file that is not kept."""
    answer = assets.received(path, "GET", upstreams.send(destination.mlflow(), "GET", path, []))
    body = b"".join(iter(answer.read, b""))
    answer.close()
    return body


def keep(assets: Assets, path: str = PATH) -> HttpResponse:
    fetch(assets, path)
    # Not before the job has ended: the next one for the same file would not begin.
    wait_until(lambda: path not in assets._background._names and ask(assets, path), "keeping it")
    found = ask(assets, path)
    assert found is not None
    return found


def make_due(assets: Assets, path: str = PATH) -> None:
    """Lets the time pass after which a file is compared."""
    kept = assets.memory.get(keeping.key(assets._url, path))
    assert kept is not None
    kept.compare_at = time.monotonic() - 1
    description = assets.disk.folder / f"{kept.entry.key}.json"
    past = time.time() - 2 * keeping.COMPARE_SECONDS
    os.utime(description, (past, past))


def test_another_process_serves_the_same_file_without_asking_upstream(server: EchoUpstream, tmp_path: Path) -> None:
    serve(server, PATH)
    first = keep(kept_files(server, tmp_path))
    second = ask(kept_files(server, tmp_path))
    assert second is not None
    assert second.content == first.content
    assert second["ETag"] == first["ETag"]
    assert asked(server, PATH) == 1


def test_a_file_of_another_mlflow_is_not_taken_for_this_ones(server: EchoUpstream, tmp_path: Path, settings) -> None:
    serve(server, PATH)
    keep(kept_files(server, tmp_path))
    with EchoUpstream() as other:
        assert ask(kept_files(other, tmp_path)) is None


@pytest.mark.parametrize("damage", ["form cut short", "form changed", "description changed", "description emptied"])
def test_damaged_file_is_noticed_dropped_and_fetched_again(
    server: EchoUpstream, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    serve(server, PATH)
    keep(kept_files(server, tmp_path))
    path = next(tmp_path.glob("*.br" if damage.startswith("form") else "*.json"))
    data = path.read_bytes()
    how = damage.partition(" ")[2]
    path.write_bytes({"cut short": data[:-1], "changed": data[:-5] + b"?" + data[-4:], "emptied": b""}[how])
    again = kept_files(server, tmp_path)
    assert ask(again) is None
    assert "fetched again" in caplog.text
    assert not list(tmp_path.glob("*.json"))
    assert brotli.decompress(keep(again).content) == SCRIPT


def test_half_written_files_are_never_read(server: EchoUpstream, tmp_path: Path) -> None:
    serve(server, PATH)
    keep(kept_files(server, tmp_path))
    description = next(tmp_path.glob("*.json"))
    description.rename(f"{description}.1.draft")
    assert ask(kept_files(server, tmp_path)) is None


def test_file_that_mlflow_exchanged_under_its_old_name_is_replaced(server: EchoUpstream, tmp_path: Path) -> None:
    serve(server, PATH)
    assets = kept_files(server, tmp_path)
    keep(assets)
    other = SCRIPT.replace(b"checkpoint", b"exchanged!")
    serve(server, PATH, other, headers=('ETag: "another"',))
    make_due(assets)
    ask(assets)
    wait_until(lambda: (found := ask(assets)) and brotli.decompress(found.content) == other)
    assert len(list(tmp_path.glob("*.br"))) == 1
    fresh = ask(kept_files(server, tmp_path))
    assert fresh is not None
    assert brotli.decompress(fresh.content) == other


@pytest.mark.parametrize("status", ["404 Not Found", "503 Service Unavailable", "304 Not Modified"])
def test_file_stays_when_mlflow_has_it_no_more_or_says_nothing_about_it(
    server: EchoUpstream, tmp_path: Path, status: str
) -> None:
    serve(server, PATH)
    assets = kept_files(server, tmp_path)
    keep(assets)
    serve(server, PATH, b"", status=status)
    make_due(assets)
    ask(assets)
    wait_until(lambda: asked(server, PATH) == 2)
    assert server.last(PATH).header("If-None-Match") != []
    time.sleep(0.1)
    found = ask(assets)
    assert found is not None
    assert brotli.decompress(found.content) == SCRIPT
    assert asked(server, PATH) == 2


def test_unreachable_mlflow_leaves_kept_files_alone(server: EchoUpstream, tmp_path: Path) -> None:
    serve(server, PATH)
    assets = kept_files(server, tmp_path)
    keep(assets)
    make_due(assets)
    server.on(PATH, lambda request: request.hang_up())
    ask(assets)
    wait_until(lambda: asked(server, PATH) >= 2)
    assert ask(assets) is not None


def test_folder_stays_within_its_bound_and_drops_what_was_used_last_long_ago(tmp_path: Path) -> None:
    disk = Disk(tmp_path, limit=250_000)
    entries = []
    for number in range(3):
        data = bytes([number]) * 100_000
        entry = Entry("http://mlflow", f"/static-files/{number}.c2f5f8d4.js", "", (), {"identity": Body.of(data)})
        if number == 2:
            disk.touch(entries[0].key)
        disk.save(entry, {"identity": data})
        entries.append(entry)
        time.sleep(0.02)
    assert [disk.entry(entry.key) is not None for entry in entries] == [True, False, True]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 250_000


def test_folder_that_cannot_be_written_leaves_files_in_memory(
    server: EchoUpstream, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "assets").write_text("not a folder")
    serve(server, PATH)
    assets = kept_files(server, tmp_path / "assets")
    assert brotli.decompress(keep(assets).content) == SCRIPT
    assert "in memory only" in caplog.text


def test_memory_stays_within_its_bound() -> None:
    memory = Memory(limit=250)
    entries = [
        Entry("http://mlflow", f"/{number}", "", (), {"identity": Body.of(bytes([number]) * 100)})
        for number in range(4)
    ]
    for number, entry in enumerate(entries):
        memory.put(entry, {"identity": bytes([number]) * 100}, 60)
    held = [kept for entry in entries if (kept := memory.get(entry.key))]
    assert [kept.entry for kept in held] == entries[2:]
    memory.put(entries[0], {"identity": b"x" * 251}, 60)
    assert not memory.get(entries[0].key).bodies


def test_many_at_once_make_a_file_once(server: EchoUpstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(server, PATH)
    made, all_have_it = [], threading.Event()
    forms = keeping.making.forms

    def make_once_all_have_it(data: bytes, **options: Any) -> Any:
        made.append(all_have_it.wait(LONG))
        return forms(data, **options)

    monkeypatch.setattr(keeping.making, "forms", make_once_all_have_it)
    assets = kept_files(server, tmp_path)
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda: bodies.append(fetch(assets))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_have_it.set()
    assert bodies == [SCRIPT] * 12
    wait_until(lambda: ask(assets))
    assert made == [True]


def test_client_that_leaves_lets_the_next_one_have_the_file_kept(server: EchoUpstream, tmp_path: Path) -> None:
    serve(server, PATH)
    assets = kept_files(server, tmp_path)
    answer = assets.received(PATH, "GET", upstreams.send(destination.mlflow(), "GET", PATH, []))
    answer.close()
    assert brotli.decompress(keep(assets).content) == SCRIPT


def test_switched_off_nothing_is_kept(settings) -> None:
    settings.CHECKPOINT_ASSET_CACHE_MB = 0
    serving.assets.cache_clear()
    try:
        assert serving.assets() is None
    finally:
        serving.assets.cache_clear()
