"""Debian's nginx in three roles: a proxy that checks nothing, an upstream and a receiver that answer at once."""

import os
from pathlib import Path

from demo.processes import ServerProcess

ECHO_BODY = '{"model_version":{"name":"bench","version":"1","current_stage":"None","status":"READY"}}'

_CONFIGURATION = """
daemon off;
{user}
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 0;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream behind {{ server {upstream}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host {upstream};
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            proxy_read_timeout 300s;
        }}
    }}
}}
"""

_ECHO = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type application/json; return 200 '{body}'; }}
        location /api/2.0/mlflow/runs/create {{
            default_type application/json;
            return 200 '{{"run":{{"info":{{"run_id":"$request_id","experiment_id":"0","status":"RUNNING"}}}}}}';
        }}
    }}
}}
"""

_RECEIVER = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    log_format ids "$http_webhook_id";
    access_log {folder}/calls ids;
    client_body_temp_path {folder}/body;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 204; }}
    }}
}}
"""


def proxy(folder: Path, port: int, upstream: str) -> ServerProcess:
    """Starts nginx in front of `upstream`, a host and port."""
    return _start("nginx", folder, _CONFIGURATION.format(folder=folder, port=port, upstream=upstream, user=_user()))


def echo(folder: Path, port: int) -> ServerProcess:
    """Starts an upstream that answers every call with the same few bytes of JSON, and each new run with another id."""
    return _start("the bare upstream", folder, _ECHO.format(folder=folder, port=port, body=ECHO_BODY))


def receiver(folder: Path, port: int) -> ServerProcess:
    """Starts a receiver of webhooks that takes everything at once; `folder/calls` has a line for each, with its id."""
    return _start("the receiver", folder, _RECEIVER.format(folder=folder, port=port, user=_user()))


def _user() -> str:
    # If root starts it, its workers would otherwise run as a user who may not enter the folder.
    return "user root;" if os.getuid() == 0 else ""


def _start(name: str, folder: Path, configuration: str) -> ServerProcess:
    folder.mkdir()
    path = folder / "nginx.conf"
    path.write_text(configuration)
    command = ["nginx", "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
    return ServerProcess(name, command, environment=dict(os.environ), log=folder / "nginx.log")
