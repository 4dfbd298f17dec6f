"""Two pictures upon each other, with a line that a slider moves: by keyboard, for everybody."""

import struct
import uuid
import zlib
from pathlib import Path
from urllib.parse import urlencode

import pytest
from mlflow import MlflowClient
from playwright.sync_api import expect

from promote_requests.tests.browser.test_accessibility import examine
from testing.browser.people import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]


def png(shade: int, width: int = 120, height: int = 80) -> bytes:
    """Returns a picture of one grey."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([shade]) * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def drawn(mlflow_server: str, tmp_path: Path) -> str:
    """Gives the address of the comparison of two versions' pictures of one size."""
    client, name = MlflowClient(mlflow_server, mlflow_server), f"drawn {uuid.uuid4().hex[:6]}"
    client.create_registered_model(name)
    for shade in (40, 200):
        run = client.create_run("0")
        (tmp_path / "roc.png").write_bytes(png(shade))
        client.log_artifact(run.info.run_id, str(tmp_path / "roc.png"), "model")
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    return f"/checkpoint/compare/file/?{urlencode({'model': name, 'version': '2', 'with': '1', 'path': 'roc.png'})}"


def test_the_slider_is_moved_by_keyboard_and_says_where_it_stands(sign_in: SignIn, drawn: str) -> None:
    page = sign_in("grace")
    page.goto(drawn)
    slider, upper = page.get_by_role("slider"), page.locator(".slide .upper")
    expect(slider).to_have_accessible_name("Version 1 on the left, version 2 on the right of the line")
    expect(upper).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(upper).to_have_css("clip-path", "inset(0px 0px 0px 55%)")
    expect(slider).to_have_attribute("aria-valuetext", "55 per cent of the former picture")
    page.keyboard.press("Home")
    expect(upper).to_have_css("clip-path", "inset(0px 0px 0px 0%)")
    widths = page.locator(".slide img").evaluate_all("(found) => found.map((image) => image.naturalWidth)")
    assert widths == [120, 120]


def test_pictures_side_by_side_can_be_used_by_everybody(sign_in: SignIn, drawn: str) -> None:
    examine(sign_in("grace"), drawn)
