"""The vendored axe-core is the one that its record names."""

import hashlib
import json

from testing.browser.axe import AXE


def test_axe_has_the_recorded_digest_and_its_licence_beside_it() -> None:
    (entry,) = json.loads((AXE.parent.parent / "vendor.json").read_text())["files"]
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == entry["sha256"]
    assert f"axe v{entry['version']}" in AXE.read_text(encoding="utf-8")[:100]
    assert "Mozilla Public License" in (AXE.parent / "LICENSE").read_text(encoding="utf-8")
