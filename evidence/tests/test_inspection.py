"""The built-in check: what is found of files, and that the process in which it is made can reach nothing."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml

from evidence.inspection import confinement, process
from evidence.inspection.findings import Finding, Outcome, outcome_of
from evidence.inspection.judging import EXAMPLE, READ, SERVING_EXAMPLE, as_document, judge, read_subject
from evidence.inspection.process import ask
from testing.waiting import LONG

OK, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
INPUTS = [{"type": "double", "name": "amount", "required": True}, {"type": "string", "name": "country"}]
SIGNATURE = {"inputs": json.dumps(INPUTS), "outputs": None, "params": None}
EXAMPLE_INFO = {"artifact_path": EXAMPLE, "type": "dataframe", "pandas_orient": "split"}
MODEL = {
    "flavors": {
        "python_function": {
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.sklearn",
            "model_path": "model.pkl",
            "code": None,
        },
        "sklearn": {"pickled_model": "model.pkl", "sklearn_version": "1.7", "code": None},
    },
    "signature": SIGNATURE,
    "saved_input_example_info": EXAMPLE_INFO,
}
FILES = {
    "MLmodel": yaml.safe_dump(MODEL).encode(),
    "conda.yaml": b"channels: [defaults]\ndependencies: [python=3.11, pip<=24, {pip: [mlflow==3.17, scikit-learn]}]\n",
    "python_env.yaml": b"python: 3.11.7\nbuild_dependencies: [pip==24]\ndependencies: [-r requirements.txt]\n",
    "requirements.txt": b"mlflow==3.17\n# more\nscikit-learn==1.7 ; python_version > '3'\n--index-url https://x.example\n",
    EXAMPLE: b'{"columns": ["amount", "country"], "data": [[1.5, "NO"]]}',
}
TREE = {**{path: len(content) for path, content in FILES.items()}, "model.pkl": 900}


def found(files=None, tree=None, *, listed=True, too_large=None, **model):
    given = {**FILES, **(files or {})}
    if model:
        given["MLmodel"] = yaml.safe_dump({**MODEL, **model}).encode()
    given = {path: content for path, content in given.items() if content is not None}
    findings = judge(given, too_large or {}, {**TREE, **(tree or {})} if listed else None)
    return {finding.code: finding for finding in findings}, outcome_of(findings)


def flavor(**said):
    return {"flavors": {**MODEL["flavors"], "python_function": {**MODEL["flavors"]["python_function"], **said}}}


def test_a_version_that_is_in_order_passes_with_a_sentence_for_each_thing():
    findings, outcome = found()
    assert outcome is OK
    assert {code: finding.outcome for code, finding in findings.items()} == dict.fromkeys(
        ("mlmodel", "files", "environment", "signature", "input_example"), OK
    )
    assert findings["files"].sentence == (
        "Every file that MLmodel names is there: model.pkl, conda.yaml, python_env.yaml and 1 more."
    )


@pytest.mark.parametrize(
    ("values", "code", "outcome", "says", "overall"),
    [
        ({"files": {"MLmodel": None}}, "mlmodel", FAILED, "MLmodel is not there.", FAILED),
        ({"files": {"MLmodel": b"a: [1"}}, "mlmodel", FAILED, "is not YAML", FAILED),
        ({"files": {"MLmodel": b"\xff"}}, "mlmodel", FAILED, "not a text in UTF-8", FAILED),
        ({"files": {"MLmodel": b"- 1"}}, "mlmodel", FAILED, "no mapping", FAILED),
        ({"files": {"MLmodel": b"a: &a [1]\nb: *a"}}, "mlmodel", FAILED, "refers to parts of itself", FAILED),
        ({"files": {"MLmodel": None}, "too_large": {"MLmodel": 9}}, "mlmodel", FAILED, "larger than 9 bytes", FAILED),
        ({"flavors": {}}, "mlmodel", FAILED, "names no flavour", FAILED),
        ({"signature": {"inputs": "[{"}}, "mlmodel", FAILED, "its inputs are not JSON", FAILED),
        (flavor(model_path="gone.pkl"), "files", FAILED, "what is not there: gone.pkl.", FAILED),
        (flavor(artifacts={"a": {"path": "artifacts/a", "uri": "x"}}), "files", FAILED, "artifacts/a", FAILED),
        (flavor(data="../../etc"), "files", FAILED, "outside of the version: ../../etc", FAILED),
        (flavor(data="/etc/passwd"), "files", FAILED, "outside", FAILED),
        (flavor(data="a\\..\\b"), "files", FAILED, "outside", FAILED),
        (flavor(model_code_path="/home/ada/agent.py"), "files", FAILED, "not there: agent.py", FAILED),
        ({"listed": False}, "files", UNKNOWN, "does not list them all", UNKNOWN),
        ({"files": {"conda.yaml": b"dependencies: {a: b}"}}, "environment", FAILED, "dependencies are no list", FAILED),
        ({"files": {"conda.yaml": b"dependencies: [{pip: x}]"}}, "environment", FAILED, "no list of texts", FAILED),
        ({"files": {"conda.yaml": None}}, "environment", FAILED, "conda.yaml is not there", FAILED),
        ({"files": {"python_env.yaml": b"dependencies: [-r other.txt]"}}, "environment", FAILED, "other.txt", FAILED),
        ({"files": {"requirements.txt": b"a\nb c d\n"}}, "environment", FAILED, "line 2 is no requirement", FAILED),
        (flavor(env="env/own.yaml") | {"tree": {"env/own.yaml": 1}}, "environment", UNKNOWN, "not read", UNKNOWN),
        ({"signature": None}, "signature", UNKNOWN, "no signature", OK),
        ({"saved_input_example_info": None}, "input_example", UNKNOWN, "no input example", OK),
        ({"files": {EXAMPLE: b"{"}}, "input_example", FAILED, "not JSON", FAILED),
        ({"files": {EXAMPLE: b"[" * 100_000}}, "input_example", FAILED, "not JSON", FAILED),
        ({"files": {EXAMPLE: b"9" * 100_000}}, "input_example", FAILED, "not JSON", FAILED),
        ({"files": {SERVING_EXAMPLE: b"{"}}, "input_example", FAILED, "serving_input_example.json is not", FAILED),
        ({"too_large": {EXAMPLE: 9}}, "input_example", UNKNOWN, "too large", OK),
        (
            {"files": {EXAMPLE: b'{"columns": ["amount"], "data": [[1.5]]}'}},
            "input_example", FAILED, "refuses the model's own input example: it lacks country.", FAILED,
        ),
        (
            {"files": {EXAMPLE: b'{"columns": ["amount", "country"], "data": [["much", "NO"]]}'}},
            "input_example", FAILED, "in amount, much is no double", FAILED,
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_is_not_known_is_not_called_right(values, code, outcome, says, overall):
    findings, came_to = found(**values)
    assert findings[code].outcome is outcome
    assert says in findings[code].sentence
    assert came_to is overall


def test_what_files_say_is_quoted_short_and_in_one_line():
    findings, _ = found(**flavor(model_path="a\n<b>\u202e" + "x" * 500))
    sentence = findings["files"].sentence
    assert sentence.isprintable()
    assert len(sentence) < 200


def test_a_folder_and_code_that_are_there_are_there():
    findings, outcome = found(**flavor(data="data", code="code"), tree={"data/deep/model.bin": 1, "code/own.py": 1})
    assert findings["files"].outcome is OK
    assert outcome is OK


def test_one_subject_is_one_document():
    document = as_document(FILES, {EXAMPLE: 1}, TREE)
    assert document == as_document(dict(reversed(FILES.items())), {EXAMPLE: 1}, dict(reversed(TREE.items())))
    assert read_subject(document) == (FILES, {EXAMPLE: 1}, TREE)
    assert document != as_document({**FILES, "MLmodel": b""}, {EXAMPLE: 1}, TREE)


def test_the_child_says_what_is_judged_here_and_is_held_by_all_that_this_machine_has():
    answer = ask(as_document(FILES, {}, TREE))
    assert list(answer.findings) == judge(FILES, {}, TREE)
    assert answer.held[0] == "limits"
    if sys.platform == "linux":
        assert "filtered calls" in answer.held


def bomb(levels=30):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        {"MLmodel": bomb()},
        {"conda.yaml": bomb()},
        {"MLmodel": b"flavors: " + b"[" * 90_000},
        {"MLmodel": b"flavors: {a: " + b"9" * 190_000 + b"}"},
        {"MLmodel": b"flavors: {a: 1" + b":59" * 60_000 + b"}"},
        {"MLmodel": b"flavors: {" + b", ".join(b"k%d: {data: d%d}" % (n, n) for n in range(8_000)) + b"}"},
        {"requirements.txt": b"a" * 199_000},
        {"requirements.txt": b"a; " + b"(" * 190_000},
        {"requirements.txt": b"\n".join(b"x%d (" % n for n in range(20_000))},
        {EXAMPLE: b'{"data": [' + b",".join([b"[1.5]"] * 160_000) + b"]}"},
        {EXAMPLE: b'{"data": [[' + b"1e99999," * 120_000 + b"1]]}"},
        {EXAMPLE: b'{"a":' * 160_000},
        dict.fromkeys(READ, b"\x80\x04\x95cos\nsystem\n(S'touch /tmp/pwned'\ntR."),
        dict.fromkeys(READ, b"\x00\xff" * 90000),
        {path: b"PK\x03\x04" + bytes(10_000) for path in READ},
    ],
)
def test_hostile_files_get_an_answer_in_bounded_time(files, pace):
    began = time.monotonic()
    answer = ask(as_document({**FILES, **files}, {}, TREE))
    assert time.monotonic() - began < pace.allows(process.SECONDS)
    assert outcome_of(answer.findings) in (OK, FAILED, UNKNOWN)
    assert all(finding.sentence.isprintable() for finding in answer.findings)
    assert not Path("/tmp/pwned").exists()  # noqa: S108 - what the pickle would have made


@pytest.fixture
def run(tmp_path):
    """Runs a program as the child is run, confined, and returns the answer; what it writes is its answer."""

    def run(body, *, document=b"", **options):
        program = tmp_path / "child.py"
        program.write_text(
            "import json, os, sys, ctypes, socket, subprocess, threading, resource, signal\n"
            "sys.path.extend(sys.argv[1:])\n"
            "from evidence.inspection import confinement\n"
            "def say(*words): os.write(1, json.dumps({'held': list(map(str, words)), 'findings': "
            "[{'code': 'process', 'sentence': 'said', 'outcome': 'ok'}]}).encode()); os._exit(0)\n"
            + textwrap.dedent(body)
        )
        return ask(document, program=program, **options)

    return run


ATTEMPTS = {
    "a socket": "socket.socket()",
    "a socket of this machine": "socket.socket(socket.AF_UNIX)",
    "the file": "open(sys.argv[0])",
    "a new file": "open('/tmp/checkpoint-was-here', 'w')",
    "a pipe": "os.pipe()",
    "a copy of a descriptor": "os.dup(0)",
    "a process": "os.fork()",
    "a program": "os.execv('/bin/true', ['true'])",
    "a shell": "subprocess.run(['/bin/true'])",
    "a thread": "threading.Thread(target=print).start()",
    "higher limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "killing the parent": "os.kill(os.getppid(), 0)",
    "another folder": "os.chdir('/tmp')",
    "removing a file": "os.unlink('/tmp/checkpoint-was-here')",
    "an import": "import sqlite3",
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_nothing_but_answering_is_left_to_a_confined_process(run, what):
    answer = run(
        f"""
        held = confinement.confine()
        try:
            {ATTEMPTS[what]}
        except (OSError, RuntimeError, ImportError, ValueError) as error:
            say("refused", *held)
        say("DONE")
        """
    )
    assert answer.held[:2] == ("refused", "limits"), answer


@pytest.mark.skipif(os.getuid() != 0, reason="is not root, so cannot become somebody else")
@pytest.mark.parametrize("what", ATTEMPTS)
def test_nor_to_one_that_is_not_root(run, what):
    answer = run(
        f"""
        os.setgroups([]); os.setgid(65_534); os.setuid(65_534)
        held = confinement.confine()
        try:
            {ATTEMPTS[what]}
        except (OSError, RuntimeError, ImportError, ValueError) as error:
            say("refused", *held)
        say("DONE")
        """
    )
    assert answer.held[:2] == ("refused", "limits"), answer
    if sys.platform == "linux":
        assert "filtered calls" in answer.held


@pytest.mark.parametrize("what", ["a socket", "the file", "a pipe", "a copy of a descriptor"])
def test_without_a_filter_of_calls_the_limits_alone_leave_no_socket_and_no_file(run, what):
    answer = run(
        f"""
        confinement._filter_calls = lambda libc: False
        held = confinement.confine()
        try:
            {ATTEMPTS[what]}
        except OSError as error:
            say(error.errno, *held)
        say("DONE")
        """
    )
    assert answer.held[0] in ("24", "22"), answer  # EMFILE; of a copy EINVAL: no number is left for it
    assert "filtered calls" not in answer.held


def test_where_a_network_of_its_own_is_permitted_there_is_nothing_in_it(run):
    answer = run(
        """
        confinement._limit = lambda *given: None
        confinement._filter_calls = lambda libc: False
        held = confinement.confine()
        say(*held, *[line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]])
        """
    )
    if "own network" not in answer.held:
        pytest.skip("this machine does not let a process have a network of its own")
    assert answer.held == ("limits", "own network", "lo")


def test_it_has_no_environment_and_nothing_of_ours_is_open(run, monkeypatch):
    monkeypatch.setenv("CHECKPOINT_SECRET_KEY", "of-no-concern")
    answer = run("say(sorted(os.environ), os.getcwd(), len(os.listdir('/proc/self/fd')))")
    environment, folder, count = answer.held
    assert "CHECKPOINT" not in environment
    assert environment in ("[]", "['LC_CTYPE']")
    assert folder == "/"
    assert int(count) == 4  # three, and the one that lists them


def test_what_the_real_child_has_imported_can_neither_unpickle_nor_reach_a_network():
    code = "import runpy, sys\nrunpy.run_path(sys.argv.pop(1), run_name='looked_at')\nprint(sorted(sys.modules))"
    roots = [str(process.CHILD.parents[2]), str(Path(yaml.__file__).parents[1])]
    out = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(process.CHILD), *roots], capture_output=True, text=True, check=True
    )
    modules = set(eval(out.stdout))  # noqa: S307 - a list of names that we printed
    assert "yaml" in modules
    assert not modules & {"mlflow", "cloudpickle", "pickle", "_pickle", "numpy", "pandas", "joblib", "django", "socket"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("confinement.confine()\nwhile True: pass", "5 seconds of processor time"),
        ("confinement.confine()\ntry: bytearray(10**9)\nexcept MemoryError: os._exit(3)", "256 MiB of memory"),
        ("confinement.confine()\nos._exit(4)", "exit code 4"),
        ("os.kill(os.getpid(), 9)", "signal 9"),
        ("while True: os.write(1, b'x' * 65_536)", "more words than are read"),
        ("os.write(1, b'no json')", "cannot be read"),
        ("os.write(1, b'[' * 60_000)", "cannot be read"),
        ("os.write(1, json.dumps({'held': [], 'findings': [{'code': 'x'}]}).encode())", "cannot be read"),
        ("os.write(1, json.dumps({'held': [], 'findings': []}).encode())", "gave no answer"),
        ("raise SystemExit(1)", "exit code 1"),
    ],
)
def test_a_child_that_does_not_answer_as_it_should_is_no_pass(run, body, says):
    answer = run(body, document=b"x" * 3_000_000, seconds=LONG)
    (finding,) = answer.findings
    assert (finding.code, finding.outcome) == ("process", UNKNOWN)
    assert says in finding.sentence
    assert outcome_of(answer.findings) is UNKNOWN


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "signal.pause()",
        "os.close(1)\nsignal.pause()",
        "if os.fork() == 0: signal.pause()\nsay('answered')",
    ],
)
def test_a_child_that_waits_or_leaves_somebody_behind_is_ended(run, body, pace):
    began = time.monotonic()
    answer = run("os.write(2, str(os.getpid()).encode())\n" + body, seconds=2)
    assert time.monotonic() - began < pace.allows(10)
    assert outcome_of(answer.findings) is UNKNOWN
    assert "more than 2 seconds" in answer.findings[0].sentence


def test_memory_that_a_confined_process_may_have_is_bounded(run):
    answer = run(
        """
        confinement.confine()
        kept, size = [], 0
        try:
            while True:
                kept.append(bytearray(2**20))
                size += 1
        except MemoryError:
            del kept
        say(size)
        """
    )
    assert 50 < int(answer.held[0]) < confinement.MEMORY_BYTES // 2**20


def test_only_what_is_known_to_be_right_passes():
    right = [Finding(code, "", OK) for code in ("mlmodel", "files", "environment")]
    assert outcome_of(right) is OK
    assert outcome_of([*right, Finding("signature", "", UNKNOWN)]) is OK
    assert outcome_of([*right, Finding("environment", "", UNKNOWN)]) is UNKNOWN
    assert outcome_of([*right, Finding("signature", "", FAILED)]) is FAILED
    assert outcome_of(right[:2]) is UNKNOWN
    assert outcome_of([]) is UNKNOWN
