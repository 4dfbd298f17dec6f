"""nginx's configuration from `deploy/nginx/`: nginx accepts it, and its list holds nothing that has to be judged."""

import re
import shutil
import subprocess
import warnings

import pytest

from deploy.nginx.render import TEMPLATE, Place, Unusable, command, render, write
from proxy.guard.routes import Traffic, classify
from proxy.tests.test_route_table import fastapi_routes, flask_routes
from testing.attacks import load
from testing.attacks.stage import API, ARTIFACTS
from testing.fixtures.needs import BROWSER_REQUIRED
from testing.waiting import LONG

SEARCH = f"{API}/runs/search"
# As PCRE reads them without its flags for Unicode and lines; nginx refuses a line feed before any of them is asked.
ALLOWED = [
    re.compile(f"{found}\\Z", re.ASCII)
    for found in re.findall(r'^ +"~(\^.+)\$" /\.checkpoint/mlflow/', TEMPLATE.read_text(), flags=re.MULTILINE)
]


def needs_nginx() -> str:
    """Returns the program; skips the test where there is none, or fails it where the run was told to have all."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None:
        missing = "needs nginx: install it, on Debian and Ubuntu with `apt install nginx-light`"
        pytest.fail(missing) if BROWSER_REQUIRED else pytest.skip(missing)
    return found


def goes_straight(method: str, uri: str) -> bool:
    return any(rule.search(f"{method} {uri}") for rule in ALLOWED)


@pytest.mark.sockets
@pytest.mark.parametrize(
    "environment",
    [
        {"CHECKPOINT_REGISTRY_URL": "http://127.0.0.1:5555"},
        {
            "CHECKPOINT_REGISTRY_URL": "127.0.0.1",
            "CHECKPOINT_REGISTRY_TOKEN": "eyJ.a-b_c=",
            "CHECKPOINT_ACCESS_LOG": "0",
        },
        {"CHECKPOINT_REGISTRY_URL": "https://[::1]:8443/ml/flow", "CHECKPOINT_REGISTRY_USERNAME": "checkpoint"},
    ],
)
def test_nginx_accepts_the_configuration(tmp_path, environment):
    path = write(Place("127.0.0.1:8080", "127.0.0.1:5000", str(tmp_path)), environment)
    assert path.stat().st_mode & 0o777 == 0o600
    done = subprocess.run([needs_nginx(), *command(path)[1:], "-t"], capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.mark.parametrize(
    ("listen", "folder", "environment"),
    [
        ("127.0.0.1:80; }", "/srv", {}),
        ("127.0.0.1:80", "relative", {}),
        ("127.0.0.1:80", "/srv", {"CHECKPOINT_REGISTRY_URL": ""}),
        ("127.0.0.1:80", "/srv", {"CHECKPOINT_REGISTRY_URL": "http://user:secret@mlflow"}),
        ("127.0.0.1:80", "/srv", {"CHECKPOINT_REGISTRY_URL": "http://mlflow/$uri"}),
        ("127.0.0.1:80", "/srv", {"CHECKPOINT_REGISTRY_TOKEN": 'secret"; return 200 "'}),
        ("127.0.0.1:80", "/srv", {"CHECKPOINT_READ_TIMEOUT": "2m"}),
    ],
)
def test_nothing_foreign_gets_into_the_configuration(listen, folder, environment):
    with pytest.raises(Unusable) as caught:
        render(Place(listen, "127.0.0.1:5000", folder), {"CHECKPOINT_REGISTRY_URL": "http://mlflow"} | environment)
    assert "secret" not in str(caught.value)


def test_only_what_passes_unread_is_on_the_list():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about libraries of its own
        routes = {
            (method, re.sub(r"<[^>]+>|\{[^}]+\}", "x", path))
            for method, path, _ in [*flask_routes(), *fastapi_routes()]
        }
    straight = {(method, uri) for method, path in routes for uri in (path, f"{path}?x=1") if goes_straight(method, uri)}
    assert {path for _, path in straight} >= {SEARCH, f"{API}/runs/log-batch", f"{API}/registered-models/get"}
    assert {
        (method, uri) for method, uri in straight if classify(method, uri.partition("?")[0]).traffic != Traffic.PASS
    } == set()
    # Every expression is there for a route that MLflow has.
    assert [
        rule.pattern for rule in ALLOWED if not any(rule.search(f"{method} {uri}") for method, uri in straight)
    ] == []


def test_no_attack_is_on_the_list():
    attacks = load("Fraud")
    assert [
        attack.name for attack in attacks if attack.expect != "harmless" and goes_straight(attack.method, attack.path)
    ] == []


@pytest.mark.parametrize(
    "path",
    [
        "/a/../b",
        "/a/./b",
        "/a//b",
        "/a\\b",
        "/a;b",
        "/a%2fb",
        "/.a",
        "/a/",
        "/a#b",
        "/a b",
        "/a\x00",
        "/a\n",
        "/\xe4",
        "/..a",
    ],
)
def test_no_odd_path_is_on_the_list(path):
    assert goes_straight("GET", f"{API}/a/b")
    assert not goes_straight("GET", f"{API}{path}")
    assert not goes_straight("GET", f"{ARTIFACTS}{path}")
    assert not goes_straight("GET", f"{API}/runs/get?{path}\n")
    assert not goes_straight("get", f"{API}/a/b")
