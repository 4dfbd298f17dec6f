"""Every setting of docs/settings.md, wrong in every way one can type it, ends the start with one line that names it."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management.base import BaseCommand

from checkpoint_project.management.commands.serve import Command as ServeCommand
from checkpoint_project.tests.starts import SERVED, Outcome, Starts
from demo.processes import free_port
from testing.servers.commands import environment

pytestmark = pytest.mark.sockets

NAMES = re.findall(r"^\| `([A-Z_]+)` \|", (settings.BASE_DIR / "docs" / "settings.md").read_text(), flags=re.MULTILINE)

UNPRINTABLE = ("a\tb", "a\nb", "a\x7f", "a\u200bb", "a\xa0b", "\udcff")
"""Wrong for every setting: what comes with a careless paste, and bytes that are not UTF-8."""

FLAG = ("maybe", "2", "-1", "truthy", "'1'")
NUMBER = ("-1", "many", "1.5", "1e3", "0x10", "5 s", "5,0", "\u0661\u0662", "1_000", "'5'", "99999999999999999999")
SECONDS = ("0", "-1", "soon", "nan", "inf", "1e400", "5 s", "5,0", "\u0665", "1_0", "'5'", "86401")
HOST = (
    *("https://x", "http://x:5000", "x:5000", "x/prefix", "a b", "a;b", "x?", "münchen.example"),
    *("-", "..", "300.1.1.1"),
)
ADDRESS = (
    *("ftp://mlflow", "http://", "://mlflow", "http:/mlflow", "http:mlflow", "http//mlflow", "http:///mlflow"),
    *("http://me:secret@mlflow", "http://mlflow?x=1", "http://mlflow#x", "http://mlflow:port", "http://mlflow:0"),
    *("http://mlflow:99999", "http://mlflow:", "http://two words", "http://mlflow//x", "http://[::1", "http://[x]"),
    *("http://münchen", "http://..", "http://300.1.1.1", "http://-", "'http://mlflow'", "http://mlflow,http://other"),
    *("http://mlflow:05000", "http://mlflow/a/../b", "http://mlflow/.", "http://mlflow/%2e%2e", "http://mlflow/.%2E/b"),
)

WRONG: dict[str, tuple[str, ...]] = {
    "CHECKPOINT_REGISTRY_URL": ADDRESS,
    "CHECKPOINT_REGISTRY_USERNAME": ("a:b",),
    "CHECKPOINT_REGISTRY_PASSWORD": (),
    "CHECKPOINT_REGISTRY_TOKEN": ("Bearer abc", "with space", "schlüssel"),
    "CHECKPOINT_PUBLIC_URL": (*ADDRESS, "x", "localhost:5000", "https://x/prefix", "https://x/a/b/"),
    "CHECKPOINT_PORTAL_URL": (
        *(*ADDRESS, "x", "localhost:5001", "https://x/prefix"),
        *("https://other.scheme.example", "http://localhost:5000", "http://LOCALHOST:5000/"),
    ),
    "CHECKPOINT_ALLOWED_HOSTS": (
        *HOST,
        "fine.example,https://x",
        "*",
        "*.example.org",
        "x, y:80",
        "[::1",
        "::1]",
        "[x]",
        "[[::1]]",
    ),
    "CHECKPOINT_TRUSTED_PROXIES": ("nginx", "10.0.0.0/99", "10.0.0.1/8", "10.0.0.1;10.0.0.2", "10.0.0.1:80", "::1::"),
    "CHECKPOINT_HSTS_SECONDS": NUMBER,
    "CHECKPOINT_STATE_DIR": ("/proc", "/sys", "/proc/checkpoint", "/dev/null", "/dev/null/state", "~/state", "x" * 300),
    "DATABASE_URL": (
        *("nonsense", "mysql://host/name", "postgresql://", "postgresql://host", "postgresql://host/", "://host/name"),
        *("postgresql://me:secret@host:port/name", "postgresql://me:secret@host:99999/name", "postgresql:///"),
        *("postgresql://me:sec/ret@host/name", "postgresql://me:sec#ret@host/name", f"postgresql://host/{'x' * 64}"),
        *("postgresql://host/name?bogus=1", "postgresql://host/name?sslmode=require&sslmode=disable"),
        *("postgresql://127.0.0.1/name?sslmode=maybe", "postgresql://127.0.0.1/name?connect_timeout=soon"),
        *("sqlite://:memory:", "sqlite:///:memory:", "sqlite://", "sqlite:///", "sqlite://elsewhere.db"),
        *("sqlite:elsewhere.db", "sqlite:/elsewhere.db", "sqlite:///elsewhere.db?bogus=1", "sqlite:///elsewhere.db#x"),
        *("sqlite:////nowhere/to/be/found.db", "sqlite:////proc", "/var/lib/checkpoint.db"),
    ),
    "CHECKPOINT_DATABASE_CONNECTIONS": (*NUMBER, "0", "1", "10001"),
    "CHECKPOINT_RUN_MAKERS_DAYS": (*NUMBER, "0", "36501"),
    "SECRET_KEY": ("x", "changeme", "x" * 64, "short but varied 0123456789"),
    "CHECKPOINT_ASSET_CACHE_MB": NUMBER,
    "CHECKPOINT_ADMIN_USERNAME": ("a b", "a/b", "x" * 151, "ada@example.org"),
    "CHECKPOINT_ADMIN_PASSWORD": ("short", "1234567890123", "password123"),
    "CHECKPOINT_ANONYMOUS": ("maybe", "readonly", "1", "'read'", "read,write"),
    "CHECKPOINT_UNKNOWN_WRITES": ("allow", "1", "refuse,pass", "'pass'"),
    "CHECKPOINT_SESSION_DAYS": (*NUMBER, "0", "366"),
    "CHECKPOINT_CONFIRM_MINUTES": (*NUMBER, "1441"),
    "CHECKPOINT_CREDENTIAL_CACHE_SECONDS": (*SECONDS, "6"),
    "CHECKPOINT_CONNECT_TIMEOUT": SECONDS,
    "CHECKPOINT_READ_TIMEOUT": SECONDS,
    "CHECKPOINT_CLIENT_TIMEOUT": SECONDS,
    "CHECKPOINT_HEADER_BYTES": (*NUMBER, "4095", "64k"),
    "CHECKPOINT_GUARDED_BODY_BYTES": (*NUMBER, "1023", "1 MiB"),
    "CHECKPOINT_STREAMS_PER_CALLER": (*NUMBER, "0"),
    "CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES": FLAG,
    "CHECKPOINT_REMINDER_DAYS": (*NUMBER, "61"),
    "CHECKPOINT_TIME_ZONE": ("Mars", "europe/berlin", "UTC+1", "CEST", "+01:00", "../../etc/passwd", "'UTC'"),
    "EMAIL_HOST": (*HOST, "smtp://x"),
    "EMAIL_PORT": (*NUMBER, "0", "65536"),
    "EMAIL_HOST_USER": (),
    "EMAIL_HOST_PASSWORD": (),
    "EMAIL_USE_TLS": (*FLAG, "starttls"),
    "DEFAULT_FROM_EMAIL": ("nobody", "a@", "@b", "Checkpoint", "Checkpoint <nobody>", "a@b@c.example", "a b@c.example"),
    "CHECKPOINT_ACCESS_LOG": FLAG,
    "CHECKPOINT_DEBUG": FLAG,
    "CHECKPOINT_ANALYTICS_KEY": ("two words", "'key'", "key=1"),
    "CHECKPOINT_ANALYTICS_OPT_OUT": FLAG,
}
WRONG_OPTIONS = {
    "--host": ("300.1.1.1", "two words", "x" * 70, "http://localhost"),
    "--port": ("0", "-1", "99999", "many", ""),
    "--portal-port": ("0", "-1", "99999", "many", ""),
    "--workers": ("0", "-1", "many", "99999"),
    "--threads": ("0", "-1", "many", "99999"),
    "--no-worker": (),
    "--stop-timeout": ("0", "-1", "many"),
}
PARTNERS = {
    "CHECKPOINT_REGISTRY_USERNAME": {"CHECKPOINT_REGISTRY_PASSWORD": "a pass phrase"},
    "CHECKPOINT_ADMIN_USERNAME": {"CHECKPOINT_ADMIN_PASSWORD": "a long enough pass phrase"},
    "CHECKPOINT_ADMIN_PASSWORD": {"CHECKPOINT_ADMIN_USERNAME": "root"},
    "EMAIL_HOST_USER": {"EMAIL_HOST_PASSWORD": "a pass phrase"},
}
"""What goes with a setting, so that nothing else is wrong."""
LEFT_OPEN = """
import os
from django.db import connection
connection.cursor().execute("CREATE TABLE x (y)")
os._exit(0)
"""
"""Ends the process as a kill does, so that SQLite leaves its files beside the database."""


@pytest.fixture(scope="module")
def starts() -> Iterator[Starts]:
    with Starts() as running:
        yield running


def serve(starts: Starts, state: Path, *options: str, **changes: str) -> Outcome:
    arguments = ["serve", "--host", "127.0.0.1", "--port", str(free_port()), *options]
    return starts.run(*arguments, environment=environment(state, **changes))


def test_every_setting_of_the_table_is_tried() -> None:
    assert len(NAMES) > 30
    assert list(WRONG) == NAMES


@pytest.mark.sampled(every=4 * len(UNPRINTABLE))  # a process for each takes seconds
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in NAMES for value in (*WRONG.get(name, ()), *UNPRINTABLE)]
)
def test_a_wrong_setting_ends_the_start_with_one_line_that_names_it(
    starts: Starts, tmp_path: Path, name: str, value: str
) -> None:
    refusal = serve(starts, tmp_path, **PARTNERS.get(name, {}), **{name: value}).refusal
    assert name in refusal
    assert "secret" not in refusal


@pytest.mark.parametrize(
    ("alone", "partner"),
    [
        ("CHECKPOINT_REGISTRY_USERNAME", "CHECKPOINT_REGISTRY_PASSWORD"),
        ("CHECKPOINT_REGISTRY_PASSWORD", "CHECKPOINT_REGISTRY_USERNAME"),
        ("CHECKPOINT_ADMIN_USERNAME", "CHECKPOINT_ADMIN_PASSWORD"),
        ("CHECKPOINT_ADMIN_PASSWORD", "CHECKPOINT_ADMIN_USERNAME"),
        ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
        ("EMAIL_HOST_PASSWORD", "EMAIL_HOST_USER"),
    ],
)
def test_a_setting_without_the_one_that_it_needs_is_one_line_that_names_both(
    starts: Starts, tmp_path: Path, alone: str, partner: str
) -> None:
    refusal = serve(starts, tmp_path, **{alone: "something"}).refusal
    assert refusal == f"checkpoint: {partner} is not set, but {alone} is: set both or neither."


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CHECKPOINT_ANONYMUS", "CHECKPOINT_ANONYMOUS"),
        ("CHECKPOINT_REGISTRY_URI", "CHECKPOINT_REGISTRY_URL"),
        ("checkpoint_public_url", "CHECKPOINT_PUBLIC_URL"),
        ("EMAIL_HOST_PASSWD", "EMAIL_HOST_PASSWORD"),
    ],
)
def test_a_misspelled_name_is_one_line_that_names_the_setting_that_was_meant(
    starts: Starts, tmp_path: Path, written: str, meant: str
) -> None:
    refusal = serve(starts, tmp_path, **{written: "something"}).refusal
    assert refusal == f"checkpoint: {written} is not a setting: did you mean {meant}?"


def test_what_kubernetes_sets_for_a_service_called_checkpoint_is_no_setting_misspelled(
    starts: Starts, tmp_path: Path
) -> None:
    names = ("SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_5000_TCP", "PORT_5000_TCP_ADDR", "SERVICE_PORT_HTTP")
    outcome = serve(starts, tmp_path, **{f"CHECKPOINT_{name}": "tcp://10.0.0.1:5000" for name in names})
    assert SERVED in outcome.output, outcome


def test_right_settings_of_every_kind_are_accepted(starts: Starts, tmp_path: Path) -> None:
    right = {
        "CHECKPOINT_REGISTRY_URL": "https://mlflow_1.example:8443/prefix/x/",
        "CHECKPOINT_REGISTRY_USERNAME": "jürgen",
        "CHECKPOINT_REGISTRY_PASSWORD": "with: everything",
        "CHECKPOINT_PUBLIC_URL": "https://[::1]:5000/",
        "CHECKPOINT_ALLOWED_HOSTS": "a.example, .b.example, 10.0.0.1, [::1], xn--mnchen-3ya.de",
        "CHECKPOINT_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "CHECKPOINT_CONNECT_TIMEOUT": "0.5",
        "CHECKPOINT_STATE_DIR": str(tmp_path / "50% of it #1?" / "state"),
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "EMAIL_HOST": "mail.example.org",
        "DEFAULT_FROM_EMAIL": "Checkpoint <checkpoint@example.org>",
    }
    outcome = serve(starts, tmp_path, **right)
    assert SERVED in outcome.output, outcome
    assert (tmp_path / "50% of it #1?" / "state" / "checkpoint.sqlite3").exists()


def test_the_address_that_people_use_is_a_host_that_is_served_also_where_it_is_ipv6(
    starts: Starts, tmp_path: Path
) -> None:
    where = environment(tmp_path, CHECKPOINT_PUBLIC_URL="https://[2001:db8::5]:5000")
    code = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
    outcome = starts.run("shell", "-v0", "-c", code, environment=where)
    assert "'[2001:db8::5]'" in outcome.output, outcome


def test_every_option_of_serve_is_tried() -> None:
    parser = ServeCommand().create_parser("manage.py", "serve")
    djangos = {action.dest for action in BaseCommand().create_parser("manage.py", "x")._actions}
    ours = {action.option_strings[-1] for action in parser._actions if action.dest not in djangos}
    assert ours == WRONG_OPTIONS.keys()


@pytest.mark.sampled(every=min(len(values) for values in WRONG_OPTIONS.values() if values))  # each option has a case
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_OPTIONS.items() for value in values]
)
def test_a_wrong_option_is_one_line_that_names_it(starts: Starts, tmp_path: Path, name: str, value: str) -> None:
    refusal = serve(starts, tmp_path, f"{name}={value}").refusal
    assert name in refusal


@pytest.mark.parametrize(
    "addresses", [{}, {"CHECKPOINT_PUBLIC_URL": "http://a.example", "CHECKPOINT_PORTAL_URL": "http://b.example"}]
)
def test_one_port_for_both_addresses_is_one_line(starts: Starts, tmp_path: Path, addresses: dict[str, str]) -> None:
    port = free_port()
    arguments = ["serve", "--host", "127.0.0.1", f"--port={port}", f"--portal-port={port}"]
    assert "--portal-port" in starts.run(*arguments, environment=environment(tmp_path, **addresses)).refusal


@pytest.mark.parametrize("command", [("runserver", "99999"), ("demo", "--port=99999"), ("demo", "--port=0")])
def test_a_port_that_there_is_not_is_one_line_for_every_command(
    starts: Starts, tmp_path: Path, command: tuple[str, ...]
) -> None:
    refusal = starts.run(*command, environment=environment(tmp_path)).refusal
    assert "port is '" in refusal


@pytest.mark.parametrize("command", ["migrate", "create_api_token", "collectstatic", "runserver", "serve", "demo"])
def test_every_command_refuses_a_wrong_setting_in_one_line(starts: Starts, tmp_path: Path, command: str) -> None:
    arguments = {"create_api_token": ("ada", "--name=x")}.get(command, ())
    for changes in ({"CHECKPOINT_ANONYMOUS": "maybe"}, {"CHECKPOINT_STATE_DIR": "/dev/null"}):
        refusal = starts.run(command, *arguments, environment=environment(tmp_path, **changes)).refusal
        assert next(iter(changes)) in refusal


@pytest.mark.parametrize("command", ["migrate", "create_api_token", "serve"])
def test_a_database_that_is_not_to_be_had_is_one_line_for_every_command(
    starts: Starts, tmp_path: Path, command: str
) -> None:
    arguments = {"create_api_token": ("ada", "--name=x")}.get(command, ())
    where = environment(tmp_path, DATABASE_URL="sqlite:////nowhere/to/be/found.db")
    assert "DATABASE_URL" in starts.run(command, *arguments, environment=where).refusal


def test_a_first_start_makes_the_state_folder_also_where_key_and_database_are_elsewhere(
    starts: Starts, tmp_path: Path
) -> None:
    elsewhere = {"SECRET_KEY": "0123456789abcdef0123456789abcdef", "DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere.db"}
    outcome = serve(starts, tmp_path / "not" / "yet", **elsewhere)
    assert SERVED in outcome.output, outcome
    assert stat.S_IMODE((tmp_path / "not" / "yet").stat().st_mode) == 0o700
    assert (tmp_path / "elsewhere.db").exists()


def test_nothing_is_kept_so_no_folder_is_needed(starts: Starts, tmp_path: Path) -> None:
    elsewhere = {"SECRET_KEY": "0123456789abcdef0123456789abcdef", "DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere.db"}
    outcome = serve(starts, Path("/dev/null"), CHECKPOINT_ASSET_CACHE_MB="0", **elsewhere)
    assert SERVED in outcome.output, outcome


@pytest.mark.parametrize("mode", [0o555, 0o644, 0o000])
def test_a_state_folder_without_permission_is_one_line(starts: Starts, tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=mode)
    arguments = ["serve", "--port", str(free_port())]
    for changes in ({}, {"CHECKPOINT_STATE_DIR": str(folder / "below")}):
        refusal = starts.run(*arguments, environment=environment(folder, **changes), weak=True).refusal
        assert "CHECKPOINT_STATE_DIR" in refusal
        assert str(folder) in refusal
    folder.chmod(0o700)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 60, "schlüssel".encode() * 9, b"x" * 60])
def test_a_key_file_that_holds_no_key_is_one_line(starts: Starts, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(content)
    assert f"{path} holds no usable key" in serve(starts, tmp_path).refusal
    path.unlink()  # at the end of the run every key is read and looked for in the logs


def test_a_key_file_that_cannot_be_read_is_one_line(starts: Starts, tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    assert f"{tmp_path / 'secret_key'} cannot be used" in serve(starts, tmp_path).refusal


@pytest.mark.parametrize(
    "content", [b"This is no database, and never was one." * 50, b"SQLite format 3\0" + b"x" * 4096]
)
def test_a_database_file_that_is_none_is_one_line(starts: Starts, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.sqlite3").write_bytes(content)
    refusal = serve(starts, tmp_path).refusal
    assert "CHECKPOINT_STATE_DIR" in refusal
    assert "checkpoint.sqlite3 cannot be used" in refusal


@pytest.mark.parametrize("command", ["migrate", "serve", "shell"])
def test_database_and_folder_are_their_owners_whichever_command_makes_them(
    starts: Starts, tmp_path: Path, command: str
) -> None:
    arguments = {"shell": ("-v0", "-c", LEFT_OPEN), "serve": ("--port", str(free_port()))}
    state = tmp_path / "state"
    outcome = starts.run(command, *arguments.get(command, ()), environment=environment(state), umask=0o000)
    assert outcome.code == 0, outcome
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    assert {"checkpoint.sqlite3", "secret_key"} <= modes.keys()
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    if command == "shell":
        assert {"checkpoint.sqlite3-wal", "checkpoint.sqlite3-shm"} <= modes.keys()
