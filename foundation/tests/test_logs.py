import logging

import pytest

from foundation.logs import OneLine, configuration, request_id


@pytest.fixture(autouse=True)
def _between_requests():
    request_id.set("")


def line(message, *arguments, **options):
    record = logging.LogRecord("name", logging.INFO, __file__, 1, message, arguments, **{"exc_info": None} | options)
    return OneLine("{levelname} {name}: {message}", style="{").format(record)


def test_nobody_makes_a_line_of_their_own_or_colours_the_terminal():
    said = line("Account %s created", "ada\r\n2026 INFO forged\x1b[2J\u2028\x85 Zoë")
    assert said == "INFO name: Account ada\\r\\n2026 INFO forged\\x1b[2J\\u2028\\x85 Zoë created"


def test_a_traceback_keeps_its_lines():
    try:
        raise ValueError("wrong")
    except ValueError as error:
        said = line("It failed", exc_info=(type(error), error, error.__traceback__))
    assert said.startswith("INFO name: It failed\nTraceback")
    assert said.endswith("\nValueError: wrong")


def test_a_line_of_a_request_ends_with_its_id_once():
    request_id.set("4f")
    assert line("It went on") == "INFO name: It went on request=4f"
    assert line("status=200 request=4f sent=9") == "INFO name: status=200 request=4f sent=9"


def test_every_line_goes_through_it():
    assert configuration(access=True)["formatters"]["line"]["()"] is OneLine
