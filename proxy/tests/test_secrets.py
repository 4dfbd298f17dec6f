"""Checkpoint's secrets are in no log and never reach MLflow.

`testing.fixtures.secret_logs` looks through every log line of every test and of every server that a test starts; here
it is shown that it would find them, and servers are brought to log whatever they may.
"""

import base64
import contextlib

import pytest
from django.conf import settings as django_settings

from testing.secret_check import PASSWORD, leaks, secrets
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received

ECHO = "/api/2.0/mlflow/echo"
UPSTREAM_PASSWORD = "upstream pass phrase"


def test_every_kind_of_secret_would_be_found(tmp_path) -> None:
    (tmp_path / "secret_key").write_text("the-generated-key\n")
    environment = {"CHECKPOINT_STATE_DIR": str(tmp_path), "CHECKPOINT_REGISTRY_TOKEN": "upstream-token"}
    unwanted = secrets(environment, "session-id-of-ada")
    basic = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    for secret in ("the-generated-key", "upstream-token", "session-id-of-ada", PASSWORD, basic, "cpt_" + "x" * 43):
        assert leaks(f"fine\nprefix {secret!r} suffix\nfine", unwanted) == [f"prefix {secret!r} suffix"]
    assert not leaks("caller=token:585f2742541a3307 status=401", unwanted)


@pytest.mark.slow
def test_a_logged_secret_fails_the_test_that_logged_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(django_settings.BASE_DIR))
    pytester.makepyfile(
        """
        import logging, sys
        def test_log(): logging.getLogger("x").warning("Bearer %s", "cpt_" + "x" * 43)
        def test_stderr(): sys.stderr.write("ada:correct horse battery")
        def test_neither(): logging.getLogger("x").warning("caller=token:1")
        """
    )
    pytester.runpytest_subprocess("-p", "testing.fixtures.secret_logs").assert_outcomes(passed=1, failed=2)


@pytest.mark.sockets
def test_nothing_that_goes_wrong_brings_a_secret_to_light(upstream: EchoUpstream, people, tmp_path) -> None:
    """What is asserted is asserted by `run_checkpoint` as well; here the calls are the worst that come to mind."""
    settings = {
        **upstream.settings,
        "CHECKPOINT_REGISTRY_USERNAME": "checkpoint",
        "CHECKPOINT_REGISTRY_PASSWORD": UPSTREAM_PASSWORD,
        "CHECKPOINT_READ_TIMEOUT": "2",
        "SECRET_KEY": "a key of this test's own, long enough for Django",
    }
    log = tmp_path / "server.log"
    for checkpoint in run_checkpoint("gunicorn", people, log, **settings):
        upstream.on("/api/cut", _cut)
        upstream.on("/api/login", lambda request: request.answer(status="401 Unauthorized"))
        upstream.on("/api/nonsense", lambda request: request.send(b"SSH-2.0\r\n\r\n"))
        _make(checkpoint)
    text = log.read_text()
    assert "status=502" in text
    assert "status=401" in text
    assert not leaks(text, secrets(people[0] | settings, people[1], people[2]))


@pytest.mark.sockets
def test_no_secret_of_ours_reaches_upstream(checkpoint: Checkpoint, upstream: EchoUpstream, people) -> None:
    _make(checkpoint)
    unwanted = secrets(*people)
    seen = [f"{request.target}\n{request.headers}\n{bytes(request.body)!r}" for request in upstream.requests[-50:]]
    assert seen
    assert not leaks("\n".join(seen), unwanted)


def _make(checkpoint: Checkpoint) -> None:
    for call in _calls(checkpoint):
        # A transfer that upstream cut short may be cut before its first byte.
        with contextlib.suppress(ConnectionResetError):
            checkpoint.call(*call, as_ada=False)


def _cut(request: Received) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\nx")
    request.hang_up()


def _calls(checkpoint: Checkpoint) -> list[tuple[str, str, dict[str, str], bytes]]:
    """Calls with credentials of every kind, right, wrong, broken and in the wrong place."""
    bearer = {"Authorization": f"Bearer {checkpoint.token}"}
    cookie = {"Cookie": f"checkpoint_session={checkpoint.session}; theirs={checkpoint.token}"}
    pairs = [f"ada:{PASSWORD}", f"ada:{checkpoint.token}", f"ada:{PASSWORD}!", f"ada{PASSWORD}", f"{checkpoint.token}:"]
    basics = [{"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} for pair in pairs]
    odd = [
        {"Authorization": checkpoint.token},
        {"Authorization": f"bearer  {checkpoint.token} x"},
        {"Authorization": f"Digest {PASSWORD}"},
        {"Proxy-Authorization": f"Bearer {checkpoint.token}"},
        {"Referer": f"http://localhost/checkpoint/?token={checkpoint.token}"} | bearer,
        {"Cookie": "checkpoint_session=" + checkpoint.session[:-1]},
        {"Origin": "https://evil.example"} | cookie,
    ]
    calls = [(ECHO, "GET", headers, b"") for headers in [bearer, cookie, *basics, *odd]]
    calls += [(ECHO, "POST", headers, b"{broken") for headers in [bearer, cookie, *basics]]
    alias = "/api/2.0/mlflow/registered-models/alias"
    calls += [(alias, "POST", bearer, b"\xff\xfe{"), (alias, "POST", bearer, b'{"name": "m", "alias": "a"}')]
    calls += [(path, "GET", bearer, b"") for path in ("/api/cut", "/api/login", "/api/nonsense", "/x/%2e%2e/y")]
    sign_in = f"login=ada&password={PASSWORD.replace(' ', '+')}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    calls.append(("/checkpoint/accounts/login/", "POST", form, sign_in))
    calls.append((f"{ECHO}?token={checkpoint.token}&x=1", "DELETE", {"Host": "evil.example"}, b""))
    calls.append(("/checkpoint/api/promote-requests/", "POST", bearer | {"Content-Type": "application/json"}, b"{"))
    return calls
