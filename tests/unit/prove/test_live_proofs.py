"""What a running image answers: a right one passes everything, a wrong answer is refused with what was said."""

from __future__ import annotations

import dataclasses

import pytest

from orchestrator.prove.catalogue import CATALOGUE, choose
from orchestrator.prove.model import ProofFailedError, Where
from orchestrator.prove.proofs.behaviour.dbm import MODULES
from orchestrator.prove.proofs.probing import STARTS, probe_proof
from tests.unit.prove.fakes import Answer, FakeSubject, failures, outcomes, ran
from tests.unit.prove.images import Entry, draft, right

SLIM, FULL, ALPINE, OLD = (
    "3.7-slim-stretch-amd64", "3.7-stretch-arm64v8", "3.7-alpine3.8-amd64", "2.7-slim-stretch-amd64",
)  # fmt: skip
LIVE = [proof for proof in CATALOGUE if proof.live]
VERSION = {"said": {"sys.version": "3.7.2"}, "executable": "/usr/local/bin/python3.7"}
MANY = "Traceback\nImportError: no module\n"

#: Proof, the words whose answer is changed, the answer, what is said of it.
CASES: tuple[tuple[str, str, Answer, str], ...] = (
    ("architecture/machine", "uname", ran("aarch64\n"), "uname -m says aarch64, expected x86_64"),
    ("architecture/machine", "uname", ran("x86_64\n", status=1, stderr="uname: no\n"), "uname -m ended with status 1: uname: no"),
    (STARTS, "started", ran(status=139), "python was ended by signal 11: no output"),
    (STARTS, "started", ran(status=1, stderr=MANY), "python ended with status 1: ImportError: no module"),
    (STARTS, "started", ran("started\n"), "python says more than it was told to: started"),
    (STARTS, "started", ran("started", stderr="warning\n"), "python says more than it was told to: warning"),
    (STARTS, "started", ProofFailedError("python: it did not end within 10 s"), "it did not end within 10 s"),
    ("interpreter/version", "probe version", VERSION | {"said": {"sys.version": "3.7.3"}}, "sys.version says 3.7.3: expected 3.7.2"),
    ("interpreter/version", "probe version", VERSION | {"executable": "/usr/bin/python3.7"}, "python, python3, python3.7 and sys.executable (/usr/bin/python3.7) are not one program"),
    ("modules/imports", "probe imports_of_modules", {"failures": {"_ssl": "ImportError: x", "_tkinter": ""}, "found": {}}, "_ssl cannot be imported (ImportError: x)"),
    ("modules/imports", "probe imports_of_modules", {"failures": {}, "found": {}}, "_tkinter can be imported, though its library is left out"),
    ("modules/imports", "probe imports_of_modules", {"failures": {"_tkinter": ""}, "found": {"nis": "/x/nis.so"}}, "nis is not expected, and found (/x/nis.so)"),
    ("behaviour/numbers", "probe numbers", ProofFailedError("Wrong: 0.1"), "Wrong: 0.1"),
    ("behaviour/tls", "probe tls", ProofFailedError("SSLError"), "SSLError"),
    ("behaviour/dbm", "probe dbm", ProofFailedError("no _gdbm"), "no _gdbm"),
    ("security/shellshock", "echo done", ran("vulnerable\ndone\n"), "/bin/bash runs code out of its environment (CVE-2014-6271)"),
    ("security/shellshock", "echo done", ran(status=1), "CVE-2014-6271"),
    ("security/shellshock", "/tmp/echo", ran("vulnerable\n"), "CVE-2014-7169"),
    ("pip/version", "pip --version", ran("pip 18.0 from /x (python 3.7)\n"), "it says 'pip 18.0 from /x (python 3.7)', expected pip 18.1 on python 3.7"),
    ("pip/version", "pip --version", ran("pip 18.1 from /x (python 3.6)\n"), "expected pip 18.1 on python 3.7"),
    ("pip/version", "pip --version", ran(status=1, stderr=MANY), "pip --version ended with status 1: ImportError: no module"),
    ("pip/install", "pip install", ran(status=1, stderr="No matching distribution\n"), "pip install ended with status 1: No matching distribution"),
    ("pip/install", "answer()", ran("42\n41\n"), "what was installed answers ['42', '41'], expected 42 each"),
    ("pip/install", "proof-wheel", ran("41\n"), "the command proof-wheel says '41', expected 42"),
    ("pip/install", "pip check", ran("x requires y\n", status=1), "pip check ended with status 1: x requires y"),
    ("pip/install", "pkgutil", ran("proof_wheel\n"), "proof_wheel can still be found after it was uninstalled"),
    ("override/command", "run echo", ran("hello from the command\n", status=3), "status 3, 'hello from the command'"),
    ("override/command", "run echo", ran("Hello\n"), "status 0, 'Hello'"),
    ("override/entrypoint", "run sh", ran(status=127, stderr="sh: not found\n"), "status 127, 'sh: not found'"),
    ("override/default", "run ", ran(stderr=">>> \n"), "status 0, '>>>', expected a quiet end"),
    ("readme/script", "run python", ran("{}\n"), "status 0: {}"),
    ("readme/script", "run python", ran("no JSON"), "status 0: no JSON"),
    ("readme/script", "run python", ran(status=1, stderr=MANY), "status 1: ImportError: no module"),
    ("readme/dockerfile", "scratch/app", ran(status=1, stderr=MANY), "status 1: ImportError: no module"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words", "answer", "said"), CASES, ids=[f"{name}-{n}" for n, (name, *_) in enumerate(CASES)]
)
def test_a_wrong_answer_is_refused_with_what_was_said(name: str, words: str, answer: Answer, said: str) -> None:
    assert said in failures(FakeSubject(right(SLIM), says={words: answer}), proofs=choose([name]))[name]


def test_what_was_said_goes_into_the_log() -> None:
    (outcome,) = outcomes(
        FakeSubject(right(SLIM), says={"started": ran("out", status=1, stderr=MANY)}), choose([STARTS])
    )
    assert outcome.output == f"out\n{MANY.rstrip()}"


def test_without_a_start_nothing_is_made_that_needs_one() -> None:
    seen = failures(FakeSubject(right(SLIM), says={"started": ran(status=139)}), proofs=LIVE)
    needy = {proof.name for proof in LIVE if STARTS in proof.needs and proof.applies(right(SLIM).cell)}
    assert {name for name, detail in seen.items() if detail == f"{STARTS} failed"} == needy
    assert len(needy) > 20


def test_files_must_hold_the_release_whatever_the_interpreter_says() -> None:
    header = "/usr/local/include/python3.7m/patchlevel.h"
    older = draft(SLIM, lambda made: made.own.update({header: Entry(content=b'#define PY_VERSION "3.7.1"\n')}))
    assert "patchlevel.h says 3.7.1: expected 3.7.2" in failures(FakeSubject(older), proofs=LIVE)["interpreter/version"]
    without = draft(SLIM, lambda made: made.own.pop(header))
    assert "patchlevel.h says nothing" in failures(FakeSubject(without), proofs=LIVE)["interpreter/version"]
    library = "/usr/local/lib/libpython3.7m.so.1.0"
    wrong = draft(SLIM, lambda made: made.own.update({library: Entry(content=b"\x003.7.22\0")}))
    assert (
        f"{library} does not hold the version 3.7.2" in failures(FakeSubject(wrong), proofs=LIVE)["interpreter/version"]
    )


def test_no_bash_no_hole() -> None:
    subject = FakeSubject(right(ALPINE))
    (outcome,) = outcomes(subject, choose(["security/shellshock"]))
    assert (outcome.passed, outcome.detail, subject.asked) == (True, "there is no bash", [])


def test_only_an_image_with_a_compiler_has_to_build_an_extension() -> None:
    for cell, wanted in ((FULL, 3), (SLIM, 2), (ALPINE, 2)):
        subject = FakeSubject(right(cell))
        (outcome,) = outcomes(subject, choose(["pip/install"]))
        assert outcome.passed, outcome.detail
        assert len([path for path in subject.written if path.endswith("/index.html")]) == wanted
        install = next(words for words in subject.asked if words[:2] == ("pip", "install"))
        assert ("proof-native" in install) is (wanted == 3)
        assert "file:///tmp/index/simple" in install


def test_probes_are_given_what_they_have_to_find() -> None:
    subject = FakeSubject(right(OLD))
    outcomes(subject, choose(["behaviour/dbm", "behaviour/tls"]))
    (dbm,) = (words for words in subject.asked if words[0] == "dbm")
    assert set(dbm[1:-1]) < set(MODULES)
    assert "_bsddb" in dbm
    (tls,) = (words for words in subject.asked if words[0] == "tls")
    assert [words.split("\n")[0] for words in tls[1:-1]] == [
        "-----BEGIN CERTIFICATE-----", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----",
    ]  # fmt: skip


def test_a_probe_runs_where_it_is_told_to() -> None:
    proof = probe_proof("behaviour/x", claim="X.", link="https://x", arguments=("a",), where=Where.WRITABLE)
    subject = FakeSubject(right(SLIM))
    assert proof.check(subject) == "x works"
    assert subject.asked == [("x", "a", "writable")]


def test_the_dockerfile_of_the_readme_is_built_on_the_image_without_an_index() -> None:
    subject = FakeSubject(right(SLIM))
    outcomes(subject, choose(["readme/dockerfile"]))
    ((text, files),) = subject.built
    assert text.startswith("FROM {image}\n")
    assert {"requirements.txt", "your-daemon-or-script.py"} < set(files)
    assert b"--no-index" in files["requirements.txt"]


def test_the_last_line_that_says_something() -> None:
    assert ran("out\n\n").last_line == "out"
    assert ran("out", stderr="\nerror\n  \n").last_line == "error"
    assert ran(" \n").last_line == "no output"
    assert dataclasses.replace(ran("a\n"), stderr="b").output == "a\nb"
