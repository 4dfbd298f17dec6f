import json

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, UnreadablePostError
from rest_framework.exceptions import APIException, ParseError, Throttled

from foundation.api.errors import exception_handler
from foundation.api.parsers import StrictJSONParser


def test_too_many_calls_are_told_when_to_come_back():
    response = exception_handler(Throttled(wait=12.2), {})
    assert (response.status_code, response["Retry-After"]) == (429, "13")
    assert json.loads(response.content)["error_code"] == "REQUEST_LIMIT_EXCEEDED"


@pytest.mark.parametrize(("error", "status"), [(Http404("No."), 404), (PermissionDenied("No."), 403)])
def test_refusals_of_django_have_the_shape_too(error, status):
    response = exception_handler(error, {})
    assert response.status_code == status
    assert json.loads(response.content)["message"] == "No."


def test_a_caller_who_hangs_up_in_the_body_is_no_fault_of_ours():
    class Cut:
        def read(self, size):
            raise UnreadablePostError

    with pytest.raises(ParseError, match="ended before it was whole"):
        StrictJSONParser().parse(Cut())


def test_a_status_without_a_code_of_its_own_is_internal():
    assert json.loads(exception_handler(APIException(), {}).content)["error_code"] == "INTERNAL_ERROR"
