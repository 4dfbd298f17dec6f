"""Files of versions: which differ, and what is shown of one, whatever somebody put into it."""

import io
import json
import time
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evidence.files import tables, texts
from evidence.files.difference import difference_of
from evidence.files.pictures import Unshowable, picture_of
from evidence.files.trees import compare_trees
from evidence.rows import Kind
from registry.types import FileEntry, FileTree


def tree(problem="", **sizes):
    return FileTree(tuple(FileEntry(path, size) for path, size in sorted(sizes.items())), problem)


def png(width=4, height=3, kind="PNG"):
    written = io.BytesIO()
    Image.new("RGB", (width, height)).save(written, kind)
    return written.getvalue()


def with_size(width, height):
    """Returns a PNG that says to be of this size."""
    head, said = png(), width.to_bytes(4) + height.to_bytes(4)
    checksum = zlib.crc32(b"IHDR" + said + head[24:29]).to_bytes(4)
    return head[:16] + said + head[24:29] + checksum + head[33:]


def test_every_file_of_either_side_is_one_row_and_differences_come_first():
    found = compare_trees(tree(a=1, b=2, c=3), tree(a=1, b=5, d=4))
    assert [(row.key, row.kind) for row in found.rows] == [
        ("b", Kind.CHANGED), ("c", Kind.ADDED), ("d", Kind.REMOVED), ("a", Kind.EQUAL),
    ]  # fmt: skip
    assert found.as_dict()["rows"][0] == {
        "path": "b",
        "kind": "changed",
        "champion": 5,
        "challenger": 2,
        "is_read": False,
    }


@given(*[st.dictionaries(st.text(max_size=3), st.integers(0, 3))] * 2)
def test_swapping_the_sides_turns_the_rows_and_nothing_is_lost(new, old):
    there, back = compare_trees(tree(**new), tree(**old)), compare_trees(tree(**old), tree(**new))
    turned = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
    assert {row.key: row.kind for row in there.rows} == {row.key: turned.get(row.kind, row.kind) for row in back.rows}
    assert {row.key for row in there.rows} == {*new, *old}
    assert not compare_trees(tree(**new), tree(**new)).differences


def test_a_side_that_cannot_be_listed_makes_no_file_new_or_lost():
    unlisted = tree("MLflow does not list what lies at s3://b/x.")
    for who, found in (
        ("champion", compare_trees(tree(a=1), unlisted)),
        ("challenger", compare_trees(unlisted, tree(a=1))),
    ):
        assert [(row.key, row.kind) for row in found.rows] == [("a", Kind.NEW)]
        assert not found.is_compared
        assert found.problems == (f"Of the {who}: MLflow does not list what lies at s3://b/x.",)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_told_by_its_bytes(kind):
    found = difference_of("matrix.txt", png(kind=kind), png(8, 6, kind=kind))
    assert found.challenger_picture.media_type == f"image/{kind.lower()}"
    assert (found.champion_picture.width, found.champion_picture.height) == (8, 6)
    assert not found.is_alike
    assert difference_of("a.png", png(), png()).is_alike
    assert difference_of("a.png", png(), png()).is_equal


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<html><script>alert(1)</script></html>",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 40,
        b"BM" + b"\x00" * 60,
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"",
    ],
)
def test_nothing_else_is_a_picture_whatever_its_name(content):
    assert picture_of(content) is None
    found = difference_of("picture.png", content, None)
    assert not found.has_pictures


def test_a_picture_of_100_megapixels_is_not_shown():
    large = with_size(10_000, 10_000)
    with pytest.raises(Unshowable):
        picture_of(large)
    assert "pixels" in difference_of("a.png", large, png()).note
    gigantic = with_size(2**31 - 1, 2**31 - 1)
    assert "2,147,483,647 x 2,147,483,647 pixels" in difference_of("a.png", gigantic, None).note
    assert "larger than 5 MB" in difference_of("a.png", png() + b"\x00" * 5_000_000, None).note


def test_an_archive_is_not_opened_and_a_pickle_not_loaded():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\x00" * 10_000_000)
    for content in (bomb.getvalue(), b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.", b"\xff\xfe\x00a"):
        found = difference_of("model.pkl", content, None)
        assert found.note == "The file is no text in UTF-8 and no picture: it is never opened here."
        assert not found.lines
        assert found.table is None


def test_a_file_of_one_side_is_shown_whole_and_nothing_in_it_counts_as_the_others():
    for new, old, kind in (("a\n\n\nb\n", None, "added"), (None, "a\n\n\nb\n", "removed")):
        lines, note = texts.difference(old, new)
        assert [(line.kind, line.text) for line in lines if line.kind != "hunk"] == [
            (kind, text) for text in ("a", "", "", "b")
        ]
        assert note == ""


def test_the_difference_of_a_text_names_the_line_and_leaves_out_what_is_the_same():
    old = "\n".join(f"line {number}" for number in range(30_000))
    new = old.replace("line 20000", "line twenty thousand")
    lines, note = texts.difference(old, new)
    assert note == ""
    assert [(line.kind, line.text) for line in lines if line.kind != "context"] == [
        ("hunk", "From line 19998"), ("removed", "line 20000"), ("added", "line twenty thousand"),
    ]  # fmt: skip
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\n" * 240_000, "b\na\n" * 240_000),
        ("x\n" * 490_000, "y\n" + "x\n" * 400_000 + "y\n"),
        ("\n".join(map(str, range(150_000))), "\n".join(map(str, range(150_000, 300_000)))),
        ("\n".join(f"{n % 700}" for n in range(90_000)), "\n".join(f"{n % 701}" for n in range(90_000))),
        (
            "\n".join(f"{n:x}" if n % 2 else f"a{n:x}" for n in range(90_000)),
            "\n".join(f"{n:x}" if n % 2 else f"b{n:x}" for n in range(90_000)),
        ),
    ],
)
def test_a_pathological_text_is_cut_off_with_a_sentence(old, new):
    began = time.process_time()
    lines, note = texts.difference(old, new)
    assert time.process_time() - began < 20  # seconds of a loaded machine; `make bench-evidence` measures it
    assert note or len(lines) <= texts.MOST_SHOWN
    assert len(lines) <= texts.MOST_SHOWN


def test_of_one_very_long_line_the_place_that_differs_is_shown_and_no_megabyte():
    lines, cut = texts.difference("z" * 900_000 + "1", "z" * 900_000 + "2")
    assert [[part.text for part in line.parts if part.kind == "differs"] for line in lines[1:]] == [["1"], ["2"]]
    assert (sum(len(part.text) for line in lines for part in line.parts) < 1_000, cut) == (True, "")
    lines, cut = texts.difference("x1 " * 300_000, "x2 " * 300_000)
    assert sum(len(part.text) for line in lines for part in line.parts) < 50_000
    assert cut == "Of what is longer than 20,000 characters the first are shown."


def test_a_text_that_is_new_is_shown_and_a_long_one_to_its_thousandth_line():
    found = difference_of("card.md", b"# Card\nFor doctors.", None)
    assert [(line.kind, line.text) for line in found.lines if line.kind == "added"] == [
        ("added", "# Card"), ("added", "For doctors."),
    ]  # fmt: skip
    found = difference_of("long.txt", "\n".join(map(str, range(5_000))).encode(), None)
    assert (len(found.lines), found.note) == (1_000, "Only the first 1,000 lines of the difference are shown.")
    assert "larger than 1 MB" in difference_of("a.txt", b"a" * 1_000_001, b"").note
    assert "larger than 5 MB" in difference_of("a.txt", b"a" * 5_000_001, b"").note


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_difference_holds_every_line_of_both_texts_that_is_not_the_same(old, new):
    lines, note = texts.difference(old, new)
    assert not note
    kept = [line for line in lines if line.kind == "removed"], [line for line in lines if line.kind == "added"]
    assert len(kept[0]) - len(kept[1]) == old.count("\n") - new.count("\n")
    assert bool(lines) == (old != new)


def test_a_table_is_compared_row_by_row():
    old, new = b"slice,recall\nall,0.90\nyoung,0.80\n", b"slice,recall\nall,0.95\nyoung,0.80\nold,0.7\n"
    table = difference_of("slices.csv", new, old).table
    assert [(row.number, row.kind, [(cell.text, cell.former) for cell in row.cells]) for row in table.rows] == [
        (1, "changed", [("all", None), ("0.95", "0.90")]), (3, "added", [("old", None), ("0.7", None)]),
    ]  # fmt: skip
    assert table.note == "2 of 3 rows differ."
    logged = json.dumps({"columns": ["slice", "recall"], "data": [["all", 0.95], ["young", None]]}).encode()
    table = difference_of("eval.json", logged, None).table
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["all", "0.95"], ["young", "null"]]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.json", b'{"columns": 3, "data": []}'),
        ("a.json", b'{"columns": ["a"], "data": [3]}'),
        ("a.json", b"[" * 100_000),
        ("a.json", b'{"a": 1}'),
        ("a.csv", b'"' + b"x" * 200_000),
        ("a.csv", b""),
        ("a.csv", b"\r\n\r\n"),
    ],
)
def test_what_is_no_table_is_shown_as_a_text(path, content):
    found = difference_of(path, content, None)
    assert found.table is None
    assert found.is_text


def test_a_wide_and_long_table_is_cut_off_with_a_sentence():
    wide = (",".join(f"c{n}" for n in range(100)) + "\n") + ("," * 99 + "\n") * 300
    table = difference_of("a.csv", wide.encode(), None).table
    assert (len(table.columns), len(table.rows)) == (40, 200)
    assert table.note == "The first 200 of 300 rows. Of 100 columns the first 40 are shown."


def test_of_very_many_rows_that_differ_only_those_are_made_that_are_shown(monkeypatch):
    made = []
    monkeypatch.setattr(tables, "_row", lambda *row, make=tables._row: (made.append(row[0]), make(*row))[1])
    new, old = (f"a\n{word}".encode() for word in ("1\n" * 30_000, "2\n" * 20_000))
    found = difference_of("table.csv", new, old).table
    assert found.note == "30,000 of 30,000 rows differ. The first 200 are shown."
    assert made == list(range(1, tables.MOST_ROWS + 1))
    assert [row.kind for row in tables.compare_grids((["a"], [["1"]]), (["a"], [["1"], ["2"]])).rows] == ["removed"]
