import socket
from urllib.parse import urlsplit

import pytest

from foundation.exceptions import InvalidInput
from notifications.webhooks import addresses
from notifications.webhooks.addresses import AddressRefused

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("198.18.0.1", "192.0.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    # IPv4 in IPv6: mapped, compatible, 6to4, NAT64, Teredo.
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe"),
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    # A network's own NAT64, translated, site-local, segment routing, and other special purposes.
    *("64:ff9b:1::7f00:1", "::ffff:0:127.0.0.1", "::1.1.1.1", "fec0::1", "5f00::1", "3fff::1", "100::1", "2001:20::1"),
    *("192.0.0.9", "192.88.99.1", "0.0.0.0"),  # noqa: S104 - nothing is bound to it
]
PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_public_internet_is_told(address):
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_of_the_public_internet_is_told(address):
    assert addresses.is_public(address)


@pytest.fixture
def names(monkeypatch):
    """Lets names lead where a test says."""
    known = {}

    def look_up(host, port, **_):
        if host not in known:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_a_name_is_judged_by_each_address_that_it_leads_to(names):
    names["fine.example"] = ["93.184.216.34"]
    names["both.example"] = ["93.184.216.34", "127.0.0.1"]
    found = addresses.resolve(urlsplit("https://fine.example/x"), private_allowed=False)
    assert found == [(socket.AF_INET, ("93.184.216.34", 443))]
    with pytest.raises(AddressRefused, match=r"both\.example leads to 127\.0\.0\.1, which is not a public address"):
        addresses.resolve(urlsplit("http://both.example"), private_allowed=False)
    assert len(addresses.resolve(urlsplit("http://both.example:81"), private_allowed=True)) == 2


def test_a_name_that_leads_nowhere_is_said_to(names):
    with pytest.raises(AddressRefused, match=r"nowhere\.example has no address"):
        addresses.resolve(urlsplit("http://nowhere.example"), private_allowed=True)


@pytest.mark.parametrize(
    "url",
    [
        *("", "ftp://x", "file:///etc/passwd", "x", "//x", "http://", "http:///x", "http://[::1", "http://x:port"),
        *("http://x:99999", "http://x:0", "http://a b", "http://x/\r\nHost: y", "http://me:secret@x", "http://me@x"),
        *("http://münchen.example", "http://x/ä", "javascript:alert(1)", "http://x/" + "y" * 2_000),
    ],
)
def test_what_is_no_address_is_refused_when_it_is_entered(url):
    with pytest.raises(InvalidInput) as refusal:
        addresses.checked(url)
    assert refusal.value.field == "url"


def test_an_address_is_kept_as_it_is():
    assert addresses.checked(" https://hooks.example:8443/a/b?c=d ") == "https://hooks.example:8443/a/b?c=d"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://hooks.slack.com/services/T0/B0/secret", "https://hooks.slack.com/…"),
        ("https://x.example:8443/?sig=secret", "https://x.example:8443/…"),
        ("http://x.example/", "http://x.example"),
        ("http://x.example", "http://x.example"),
        ("http://[::1]:80/a", "http://[::1]:80/…"),
    ],
)
def test_what_may_be_a_secret_in_an_address_is_not_shown(url, told):
    assert addresses.shown(url) == told
