"""Prompts are compared word by word, chat prompts message by message."""

import json
import time

from evidence import prompts
from evidence.budget import Budget
from evidence.prompts import compare_prompts, text_diff
from evidence.rows import Kind


def chat(*messages: tuple[str, object]) -> str:
    return json.dumps([{"role": role, "content": content} for role, content in messages])


def test_words_that_differ_are_marked_within_a_line() -> None:
    lines = text_diff("You are a helpful bot.\nBe brief.", "You are a careful bot.\nBe brief.")
    assert [(line.kind, [part.text for part in line.parts if part.kind == "differs"]) for line in lines] == [
        ("hunk", []),
        ("removed", ["help"]),
        ("added", ["care"]),
        ("context", []),
    ]


def test_variables_that_come_and_go_are_named() -> None:
    found = compare_prompts("{{ question }} in {{lang}}", "{{question}} as {{ user.name }}", has_champion=True)
    assert found is not None
    assert (found.variables_added, found.variables_lost) == (("lang",), ("user.name",))


def test_a_chat_prompt_is_compared_message_by_message() -> None:
    old = chat(("system", "Be brief."), ("user", "{{ question }}"))
    new = chat(("system", "Be very brief."), ("assistant", "Yes?"), ("user", "{{ question }}"))
    found = compare_prompts(new, old, has_champion=True)
    assert found is not None
    assert [(message.role, message.kind) for message in found.messages] == [
        ("system", Kind.CHANGED),
        ("assistant", Kind.ADDED),
        ("user", Kind.EQUAL),
    ]
    assert [line.text for line in found.messages[0].lines] == ["Line 1", "Be brief.", "Be very brief."]


def test_a_message_whose_role_changed_says_both() -> None:
    found = compare_prompts(chat(("system", "Hi.")), chat(("user", "Hi.")), has_champion=True)
    assert found is not None
    assert [(message.role, message.kind, message.text) for message in found.messages] == [
        ("user, now system", Kind.CHANGED, "Hi.")
    ]


def test_content_in_parts_is_shown_as_it_is() -> None:
    found = compare_prompts(chat(("user", [{"type": "text", "text": "Hi"}])), None, has_champion=False)
    assert found is not None
    assert (found.messages[0].kind, '"text": "Hi"' in found.messages[0].text) == (Kind.NEW, True)


def test_what_is_no_chat_is_compared_as_text() -> None:
    for text in ("[1, 2]", "[]", "[{]", '[{"role": 1, "content": "x"}]', "{}", '[{"role": "user"}]'):
        found = compare_prompts(text, chat(("user", "x")), has_champion=True)
        assert found is not None
        assert not found.messages
        assert found.lines


def test_a_text_that_is_nested_thousands_deep_is_compared_as_a_text():
    for deep in ("[" * 50_000, '{"a":' * 50_000, '[{"role": "user", "content": ' + "[" * 50_000):
        found = compare_prompts(deep, "Hello", has_champion=True)
        assert found is not None
        assert found.messages == ()
        assert compare_prompts(deep, None, has_champion=False) is not None


def test_a_chat_of_thousands_of_messages_cannot_keep_the_server_busy():
    def chat(roles, length):
        return json.dumps([{"role": roles[n % len(roles)], "content": ""} for n in range(length)])

    began = time.process_time()
    found = compare_prompts(chat("abc", 3_800), chat("ab", 3_800), has_champion=True)
    assert found is not None
    assert found.messages == ()
    found = compare_prompts(chat("abc", 200), chat("ab", 200), has_champion=True)
    assert found is not None
    assert found.messages
    words = [json.dumps([{"role": "user", "content": f"{n} {side} " * 200} for n in range(100)]) for side in "xy"]
    assert compare_prompts(words[0], words[1], has_champion=True)
    assert time.process_time() - began < 20  # it took 228 s


def test_what_takes_too_long_to_compare_is_shown_whole_and_says_so() -> None:
    lines = text_diff("a\nb\nc", "c\nb\nd", Budget(looks=3))
    assert (lines[0].kind, lines[0].text.startswith("Too much differs")) == ("hunk", True)
    assert [(line.kind, line.text) for line in lines[1:]] == [
        *(("removed", text) for text in "abc"),
        *(("added", text) for text in "cbd"),
    ]
    assert text_diff("a\n" * 3_000, "b\n" * 3_000)[0].text.startswith("Too much differs")


def test_all_messages_of_a_chat_share_what_comparing_may_cost(monkeypatch) -> None:
    monkeypatch.setattr(prompts, "Budget", lambda: Budget(looks=60))
    old, new = ([("user", f"{at}\nsame\n{word}") for at in range(50)] for word in ("then", "now"))
    found = compare_prompts(chat(*new), chat(*old), has_champion=True)
    assert found is not None
    first = [message.lines[0].text for message in found.messages]
    assert first[0] == "Line 1"
    assert first[-1].startswith("Too much differs")
    assert [message.challenger for message in found.messages] == [text for _, text in new]
