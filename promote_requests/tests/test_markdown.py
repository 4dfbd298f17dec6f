import pytest

from promote_requests.pages.markdown import render


def test_markdown_becomes_html() -> None:
    html = render("Some **bold** and `code`\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|\n\n~~gone~~")
    for piece in ("<strong>bold</strong>", "<code>code</code>", "<li>one</li>", "<td>2</td>", "<s>gone</s>"):
        assert piece in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        '[x](https://e.org/ "onmouseover=alert(1)")',
        "```<svg onload=alert(1)>\n```",
        "<iframe src=https://e.org></iframe>",
        "<style>body{display:none}</style>",
    ],
)
def test_nothing_of_the_writer_runs_or_restyles(text: str) -> None:
    html = render(text)
    for piece in ("<script", "<img src=x", "<svg", "<iframe", "<style", 'href="javascript', 'href="data', " onload="):
        assert piece not in html.lower()
    assert "onmouseover" not in html.replace('title="onmouseover=alert(1)"', "")


def test_links_lead_nowhere_on_our_recommendation() -> None:
    assert 'rel="nofollow noopener noreferrer"' in render("[x](https://example.org)")


@pytest.mark.parametrize("source", ["https://e.org/a.png", "//e.org/a.png", "\\\\e.org/a.png"])
def test_picture_from_elsewhere_is_not_loaded(source: str) -> None:
    assert "src=" not in render(f"![a chart]({source})")


def test_backslash_does_not_turn_a_path_into_a_host() -> None:
    assert 'src="/%5Ce.org/a.png"' in render("![a chart](/\\e.org/a.png)")


def test_picture_from_this_server_is_shown() -> None:
    assert '<img src="/get-artifact?path=roc.png" alt="a chart">' in render("![a chart](/get-artifact?path=roc.png)")


def test_headings_start_below_those_of_the_page() -> None:
    assert render("# one\n\n## two\n\n###### six") == "<h3>one</h3>\n<h4>two</h4>\n<h6>six</h6>\n"


def test_a_list_of_tasks_has_boxes() -> None:
    html = render("- [ ] holdout\n- [x] fairness\n- [ ]\n- a [ ] b\n\n1. [X] signed")
    assert "<li>☐ holdout</li>" in html
    assert "<li>☑ fairness</li>" in html
    assert "<li>[ ]</li>" in html
    assert "<li>a [ ] b</li>" in html
    assert "<li>☑ signed</li>" in html
