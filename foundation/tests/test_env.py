"""Settings from the environment: what is accepted, and what the refusal says."""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from foundation import env
from foundation.env import ConfigurationError


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def given(value: str) -> None:
        monkeypatch.setenv("THE_SETTING", value)

    return given


def test_an_empty_or_blank_variable_counts_as_unset(given: Callable[[str], None]) -> None:
    given("  ")
    assert env.string("THE_SETTING", "default") == "default"
    assert env.flag("THE_SETTING", default=True) is True
    assert env.integer("THE_SETTING", 7, maximum=9) == 7
    assert env.seconds("THE_SETTING", 2.5) == 2.5
    assert env.url("THE_SETTING", "http://default") == "http://default"
    assert env.url("THE_SETTING") == ""
    assert env.listing("THE_SETTING") == []


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False)])
def test_a_flag_is_read_in_every_usual_spelling(given: Callable[[str], None], text: str, value: bool) -> None:
    given(text)
    assert env.flag("THE_SETTING", default=not value) is value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (lambda: env.flag("THE_SETTING", default=False), "maybe", "THE_SETTING is 'maybe': expected 1 or 0."),
        (lambda: env.integer("THE_SETTING", 1, maximum=9), "many", "THE_SETTING is 'many': expected a whole number"),
        (lambda: env.integer("THE_SETTING", 1, minimum=1, maximum=9), "0", "expected a whole number between 1 and 9."),
        (lambda: env.integer("THE_SETTING", 1, maximum=9), "10", "expected a whole number between 0 and 9."),
        (lambda: env.seconds("THE_SETTING", 1), "0", "expected a number of seconds above 0"),
        (lambda: env.seconds("THE_SETTING", 1), "nan", "expected a number of seconds above 0"),
        (lambda: env.seconds("THE_SETTING", 1, maximum=5), "6", "at most 5."),
        (lambda: env.seconds("THE_SETTING", 1), "soon", "expected a number of seconds above 0"),
        (lambda: env.choice("THE_SETTING", "a", {"a", "b"}), "c", "THE_SETTING is 'c': expected one of a, b."),
        (lambda: env.networks("THE_SETTING"), "10.0.0.0/99", "THE_SETTING holds '10.0.0.0/99'"),
        (lambda: env.url("THE_SETTING"), "mlflow:5000", "THE_SETTING is not an http(s) address"),
        (lambda: env.url("THE_SETTING"), "ftp://mlflow", "THE_SETTING is not an http(s) address"),
        (lambda: env.url("THE_SETTING"), "http://", "THE_SETTING is not an http(s) address"),
        (lambda: env.url("THE_SETTING"), "http://mlflow:port", "THE_SETTING is not an http(s) address"),
        (lambda: env.url("THE_SETTING"), "http://mlflow:0", "THE_SETTING is not an http(s) address"),
        (lambda: env.url("THE_SETTING"), "http://[::1", "THE_SETTING is not an http(s) address"),
        (lambda: env.url("THE_SETTING", assume_http=True), "two words", "THE_SETTING is not an http(s) address"),
        (
            lambda: env.url("THE_SETTING"),
            "http://me:secret@mlflow",
            "must not carry credentials, a query or a fragment",
        ),
        (lambda: env.url("THE_SETTING"), "http://mlflow?a=b", "must not carry credentials, a query or a fragment"),
    ],
)
def test_a_malformed_value_is_refused_in_one_line_that_names_the_variable(
    given: Callable[[str], None], read: Callable[[], object], text: str, message: str
) -> None:
    given(text)
    with pytest.raises(ConfigurationError) as refusal:
        read()
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("THE_SETTING ")
    assert "\n" not in str(refusal.value)


def test_a_refused_address_is_not_repeated_because_it_may_hold_a_password(given: Callable[[str], None]) -> None:
    given("http://me:secret@mlflow")
    with pytest.raises(ConfigurationError) as refusal:
        env.url("THE_SETTING")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://mlflow:5000/", "http://mlflow:5000"),
        ("https://host.example/prefix/", "https://host.example/prefix"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("http://my_mlflow:5000", "http://my_mlflow:5000"),
    ],
)
def test_an_address_keeps_its_prefix_and_loses_its_last_slash(
    given: Callable[[str], None], text: str, address: str
) -> None:
    given(text)
    assert env.url("THE_SETTING") == address


@pytest.mark.parametrize("text", ["mlflow:5000", "10.0.0.7:5000", "mlflow"])
def test_a_bare_host_counts_as_http_where_that_is_allowed(given: Callable[[str], None], text: str) -> None:
    given(text)
    assert env.url("THE_SETTING", assume_http=True) == f"http://{text}"


def test_numbers_lists_and_networks_are_read(given: Callable[[str], None]) -> None:
    given("12")
    assert env.integer("THE_SETTING", 1, maximum=12) == 12
    assert env.seconds("THE_SETTING", 1) == 12.0
    given("one, two,,")
    assert env.listing("THE_SETTING") == ["one", "two"]
    given("READ")
    assert env.choice("THE_SETTING", "off", {"off", "read"}) == "read"
    given("10.0.0.0/8, ::1")
    assert env.networks("THE_SETTING") == [ip_network("10.0.0.0/8"), ip_network("::1/128")]


def test_settings_that_belong_together_are_refused_apart(
    monkeypatch: pytest.MonkeyPatch, given: Callable[[str], None]
) -> None:
    env.require_together("THE_SETTING", "THE_OTHER")
    given("here")
    with pytest.raises(ConfigurationError, match="THE_OTHER is not set, but THE_SETTING is: set both or neither"):
        env.require_together("THE_SETTING", "THE_OTHER")
    env.require_at_most_one("THE_SETTING", "THE_OTHER")
    monkeypatch.setenv("THE_OTHER", "too")
    env.require_together("THE_SETTING", "THE_OTHER")
    with pytest.raises(ConfigurationError, match="THE_SETTING and THE_OTHER are both set: set one of them"):
        env.require_at_most_one("THE_SETTING", "THE_OTHER")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://MLflow.example.org/", "https://mlflow.example.org"),
        ("https://mlflow.example.org:443", "https://mlflow.example.org"),
        ("http://mlflow:80", "http://mlflow"),
        ("https://mlflow:80", "https://mlflow:80"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_an_origin_reads_as_browsers_write_it(given: Callable[[str], None], text: str, value: str) -> None:
    given(text)
    assert env.origin("THE_SETTING") == value


def test_an_origin_has_no_path(given: Callable[[str], None]) -> None:
    given("https://example.org/mlflow")
    with pytest.raises(ConfigurationError, match="THE_SETTING must not have a path"):
        env.origin("THE_SETTING")
    given("")
    assert env.origin("THE_SETTING") == ""


def test_an_ipv6_address_that_is_served_is_in_brackets_as_host_headers_have_it(given: Callable[[str], None]) -> None:
    given("::1, [2001:DB8::5], .b.example, a.example")
    assert env.hosts_served("THE_SETTING") == ["[::1]", "[2001:db8::5]", ".b.example", "a.example"]
