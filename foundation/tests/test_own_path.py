import pytest

from foundation.addresses import own_path


@pytest.mark.parametrize("path", ["/", "/checkpoint/?q=a%20b#c", "/#/models", "/a:b//c"])
def test_a_path_of_ours_is_left_as_it_is(path):
    assert own_path(path) == path


@pytest.mark.parametrize(
    "wanted",
    ["", "x", "//x", "///x", "/\\x", "\\/x", "/\t/x", "\n//x", "/ /x", "http:/x", "javascript:x", "/x\x7f", "/x\x00"],
)
def test_whatever_may_lead_elsewhere_is_none(wanted):
    assert own_path(wanted) == ""
