"""Uploads of two parts, taken apart and put together again."""

import asyncio
import random

import pytest
from starlette.datastructures import Headers

from proxy.exceptions import BodyTooLarge, MalformedCall
from proxy.transfer.multipart import Upload, is_meant

TYPE = "multipart/form-data; boundary=B"
META = b'--B\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
CONTENT = b'--B\r\nContent-Disposition: form-data; name="content"; filename="x.tar.gz"\r\n\r\n'
WELL = META + b'{"status":"draft"}\r\n' + CONTENT + b"archive\r\n--B--\r\n"


def opened(body: bytes, *, content_type: str = TYPE, size: int = 7, limit: int = 100) -> Upload:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return Upload(content_type, pieces, limit)


def anew(upload: Upload, metadata: bytes = b"{}") -> bytes:
    """Returns what goes upstream, with `NEW` for its boundary."""
    content_type, pieces = upload.anew(metadata)
    _, _, boundary = content_type.partition("multipart/form-data; boundary=")
    assert len(boundary) == 32
    written = list(pieces)
    assert all(written)
    return b"".join(written).replace(boundary.encode(), b"NEW")


def expected(metadata: bytes, content: bytes) -> bytes:
    head = b'--NEW\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
    behind = b'\r\n--NEW\r\nContent-Disposition: form-data; name="content"; filename="content.tar.gz"\r\n'
    return head + metadata + behind + b"Content-Type: application/gzip\r\n\r\n" + content + b"\r\n--NEW--\r\n"


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    "content", [b"", b"archive", b"\r\n", b"\r\n--", b"--B", b"\r\n-\r\n--A--\r\n", bytes(range(256)) * 9]
)
def test_both_parts_arrive_as_they_are_the_first_in_other_words(size, content):
    upload = opened(META + b"{}\r\n" + CONTENT + content + b"\r\n--B--\r\n", size=size)
    assert upload.metadata == b"{}"
    assert anew(upload, b'{"status":"draft"}') == expected(b'{"status":"draft"}', content)


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="B"',
        "Multipart/Form-Data;boundary=B",
        "multipart/form-data; BOUNDARY=B ",
    ],
)
def test_a_boundary_may_be_written_in_several_ways(content_type):
    assert anew(opened(WELL.removesuffix(b"\r\n"), content_type=content_type)) == expected(b"{}", b"archive")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="B',
        "multipart/form-data; boundary=A; boundary=B",
        "multipart/form-data; boundary=B; charset=utf-16",
        "multipart/form-data; boundary*=utf-8''B",
        "multipart/form-data; boundary=B, multipart/form-data; boundary=A",
        "multipart/mixed; boundary=B",
        f"multipart/form-data; boundary={'B' * 71}",
    ],
)
def test_a_boundary_that_two_servers_could_read_differently_is_refused(content_type):
    assert is_meant(content_type)
    with pytest.raises(MalformedCall, match="of two parts"):
        opened(WELL, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        WELL[: len(META)],
        b"preamble\r\n" + WELL,
        WELL.replace(b'"metadata"', b"metadata"),
        WELL.replace(b'name="metadata"', b"name*=utf-8''metadata"),
        WELL.replace(b'name="metadata"', b'name="content"'),
        WELL.replace(b'name="content"', b'name="metadata"'),
        WELL.replace(b'name="content"', b'name="more"'),
        WELL.replace(b"Content-Type: application/json", b'Content-Disposition: form-data; name="content"'),
        WELL.replace(b'form-data; name="metadata"', b'form-data;\r\n name="metadata"'),
        CONTENT + b"archive\r\n" + META + b"{}\r\n--B--\r\n",
        META + b"{}\r\n--B--\r\n",
    ],
)
def test_other_parts_than_those_two_are_refused_before_anything_goes_upstream(body):
    with pytest.raises(MalformedCall):
        opened(body)


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"\r\n--B",
        b"\r\n--B--\r\nepilogue",
        b"\r\n--B-- \r\n",
        b'\r\n--B\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"status":"active"}\r\n--B--\r\n',
    ],
)
def test_what_comes_behind_the_second_part_cuts_the_upload_off(end):
    upload = opened(META + b"{}\r\n" + CONTENT + b"archive" + end)
    with pytest.raises(MalformedCall):
        anew(upload)


def test_what_is_said_of_an_upload_has_a_limit():
    said = b'{"x":"' + b"x" * 92 + b'"}'
    whole = META + said + b"\r\n" + CONTENT + b"archive\r\n--B--\r\n"
    assert len(said) == 100
    assert opened(whole).metadata == said
    with pytest.raises(BodyTooLarge):
        opened(whole, limit=99)
    with pytest.raises(BodyTooLarge):
        opened(META + b"x" * 1_000_000, limit=99)
    with pytest.raises(BodyTooLarge):
        opened(b"--B\r\n" + b"X: x\r\n" * 10_000)


@pytest.mark.mlflow
def test_whatever_the_content_holds_mlflow_reads_the_status_that_was_judged():
    pytest.importorskip("python_multipart", reason="this MLflow has no skills")
    from starlette.formparsers import MultiPartParser  # noqa: PLC0415 - loaded only where MLflow has it

    async def parsed(content_type, pieces):
        async def streamed():
            for piece in pieces:
                yield piece

        form = await MultiPartParser(Headers({"content-type": content_type}), streamed()).parse()
        found = [(name, value if isinstance(value, str) else None) for name, value in form.multi_items()]
        await form.close()
        return found

    chance, seen = random.Random(20261127), 0
    parts = [b"\r\n", b"--", b"B", b"A", META, CONTENT, b'{"status":"active"}', b"\r\n--B--", b"\r\n\r\n"]
    for _ in range(500):
        body = META + b"{}\r\n" + CONTENT + b"".join(chance.choices(parts, k=chance.randrange(8))) + b"\r\n--B--\r\n"
        upload = opened(body, size=chance.randrange(1, 40))
        content_type, pieces = upload.anew(b'{"status":"draft"}')
        try:
            written = list(pieces)
        except MalformedCall:
            continue
        assert asyncio.run(parsed(content_type, written)) == [("metadata", '{"status":"draft"}'), ("content", None)]
        seen += 1
    assert seen > 50
