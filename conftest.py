"""Fixtures and hooks of all tests, wherever they lie: see `testing/fixtures/`."""

pytest_plugins = [
    "pytester",
    "testing.fixtures.needs",
    "testing.fixtures.secret_logs",
    "testing.fixtures.story",
    "testing.fixtures.servers",
    "testing.fixtures.browser",
]
