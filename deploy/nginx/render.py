"""Fills in `nginx.conf.template` from the environment of Checkpoint. Standard library only.

Run as `python deploy/nginx/render.py --listen 0.0.0.0:8080 --checkpoint 127.0.0.1:5000 --folder /srv/checkpoint-nginx`.
"""

import argparse
import os
import re
import shlex
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TEMPLATE = Path(__file__).with_name("nginx.conf.template")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
# Values that nginx does not take for syntax of its configuration.
_PLAIN = {
    "an address": re.compile(r"[\w.:\[\]-]+"),
    "a folder": re.compile(r"/[\w./-]*"),
    "a path": re.compile(r"(?:/[\w.~%-]+)*"),
    "a token": re.compile(r"[\w.~+/=-]+"),
    "a whole number": re.compile(r"[1-9]\d{0,8}"),
}


class Unusable(Exception):
    """A value is missing or cannot stand in the configuration. The message is one line that names it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where nginx runs.

    Attributes:
        listen: Address and port that callers reach.
        checkpoint: Address and port of Checkpoint.
        folder: Absolute; for the configuration, logs and temporary files.
    """

    listen: str
    checkpoint: str
    folder: str


def render(place: Place, environment: Mapping[str, str]) -> str:
    """Returns the configuration; it holds Checkpoint's credentials for MLflow, if there are any.

    Args:
        place: Where nginx runs.
        environment: CHECKPOINT_REGISTRY_URL, and the other variables that Checkpoint is started with.

    Raises:
        Unusable: a value is missing, or has a character that is syntax to nginx.
    """
    values = {
        "listen": _plain("--listen", place.listen, "an address"),
        "checkpoint": _plain("--checkpoint", place.checkpoint, "an address"),
        "folder": _plain("--folder", place.folder.rstrip("/"), "a folder"),
        "calls": _number(environment, "CHECKPOINT_STREAMS_PER_CALLER", "128"),
        "header_bytes": _number(environment, "CHECKPOINT_HEADER_BYTES", "65536"),
        "read_timeout": _number(environment, "CHECKPOINT_READ_TIMEOUT", "300"),
        "registry_authorization": _authorization(environment),
        **_registry(environment.get("CHECKPOINT_REGISTRY_URL", "")),
    }
    is_logged = environment.get("CHECKPOINT_ACCESS_LOG", "").lower() not in {"0", "false", "no", "off"}
    values["access_log"] = f"{values['folder']}/access.log checkpoint" if is_logged else "off"
    return _PLACEHOLDER.sub(lambda found: values[found[1]], TEMPLATE.read_text(encoding="utf-8"))


def write(place: Place, environment: Mapping[str, str]) -> Path:
    """Writes the configuration into the folder, readable by its owner only, and returns its path; see `render`."""
    configuration = render(place, environment)
    folder = Path(place.folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nginx.conf"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(configuration)
    return path


def command(path: Path) -> list[str]:
    """Returns the command that runs nginx in the foreground with a configuration from `write`."""
    return ["nginx", "-p", str(path.parent), "-c", str(path), "-e", str(path.parent / "error.log")]


def _registry(url: str) -> dict[str, str]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise Unusable("CHECKPOINT_REGISTRY_URL is not an http(s) address: expected for example http://mlflow:5555.")
    name = _plain("CHECKPOINT_REGISTRY_URL", parts.netloc, "an address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return {
        "mlflow": f"{host}:{port}",
        "registry_host": name,
        "registry_scheme": parts.scheme,
        "registry_origin": f"{parts.scheme}://{name}",
        "registry_prefix": _plain("CHECKPOINT_REGISTRY_URL", parts.path.rstrip("/"), "a path"),
        "registry_tls": _tls(parts.hostname) if parts.scheme == "https" else "",
    }


def _tls(host: str) -> str:
    return (
        f"proxy_ssl_name {host}; proxy_ssl_server_name on; "
        f"proxy_ssl_verify on; proxy_ssl_verify_depth 5; proxy_ssl_trusted_certificate {CERTIFICATES};"
    )


def _authorization(environment: Mapping[str, str]) -> str:
    token = environment.get("CHECKPOINT_REGISTRY_TOKEN", "")
    if token:
        return f'"Bearer {_plain("CHECKPOINT_REGISTRY_TOKEN", token, "a token", is_secret=True)}"'
    username = environment.get("CHECKPOINT_REGISTRY_USERNAME", "")
    if username:
        pair = f"{username}:{environment.get('CHECKPOINT_REGISTRY_PASSWORD', '')}"
        return f'"Basic {b64encode(pair.encode()).decode()}"'
    return '""'


def _number(environment: Mapping[str, str], name: str, default: str) -> str:
    return _plain(name, environment.get(name, "") or default, "a whole number")


def _plain(name: str, value: str, kind: str, *, is_secret: bool = False) -> str:
    if not _PLAIN[kind].fullmatch(value):
        held = "something else" if is_secret else repr(value)
        raise Unusable(f"{name} is {held}: expected {kind} of plain characters.")
    return value


def main(arguments: Sequence[str]) -> int:
    """Writes the configuration and prints how to start nginx; returns 1 after one line if something is wrong."""
    parser = argparse.ArgumentParser(description="Writes nginx.conf for an nginx in front of Checkpoint.")
    parser.add_argument("--listen", default="127.0.0.1:8080", help="address and port that callers reach")
    parser.add_argument("--checkpoint", default="127.0.0.1:5000", help="address and port of Checkpoint")
    parser.add_argument("--folder", required=True, help="for nginx.conf, logs and temporary files; absolute")
    chosen = parser.parse_args(arguments)
    try:
        path = write(Place(chosen.listen, chosen.checkpoint, chosen.folder), os.environ)
    except (Unusable, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{shlex.join(command(path))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
