"""Each way to spoil an image is refused by exactly the proofs that are about it; nothing of the image is run."""

from __future__ import annotations

import dataclasses
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.model import ProofFailedError
from orchestrator.prove.survey.elf import EXPECTED, ElfHeader
from tests.unit.prove.fakes import FakeSubject, failures
from tests.unit.prove.images import Draft, Entry, directory, draft, elf, link

STATIC = [proof for proof in CATALOGUE if not proof.live and not proof.pairwise]
SLIM, FULL, ALPINE, OLD = (
    "3.7-slim-stretch-amd64", "3.7-stretch-arm64v8", "3.7-alpine3.8-amd64", "2.7-slim-bullseye-amd64",
)  # fmt: skip
LIBRARY = "/usr/local/lib/python3.7"
ARM, X86 = EXPECTED["arm64"], EXPECTED["amd64"]
Spoil = Callable[[Draft], object]


@dataclass(frozen=True)
class Case:
    """What is done to which image, and what the proof named `by` says; `also` are proofs that cannot but see it, too."""

    by: str
    says: str
    spoil: Spoil
    cell: str = SLIM
    also: frozenset[str] = frozenset()


def add(path: str, entry: Entry | None = None) -> Spoil:
    return lambda made: made.own.update({path: entry or Entry(content=b"x")})


def drop(path: str) -> Spoil:
    return lambda made: made.own.pop(path)


def change(path: str, old: bytes, new: bytes) -> Spoil:
    def spoil(made: Draft) -> None:
        assert old in made.own[path].content
        made.own[path] = dataclasses.replace(made.own[path], content=made.own[path].content.replace(old, new))

    return spoil


def config(**values: object) -> Spoil:
    return lambda made: made.config.update(values)


def document(**values: object) -> Spoil:
    return lambda made: made.document.update(values)


def history(text: str, *, empty: bool = True) -> Spoil:
    return lambda made: made.document["history"].append({"created_by": text, "empty_layer": empty})


def stated(text: str) -> Spoil:
    """An instruction of the Dockerfile, too."""

    def spoil(made: Draft) -> None:
        made.dockerfile += f"{text}\n"
        history(text)(made)

    return spoil


def shadow(text: bytes) -> Spoil:
    return lambda made: made.base.update({"/etc/shadow": Entry(content=text)})


def passwd(line: bytes) -> Spoil:
    return lambda made: made.base.update({"/etc/passwd": Entry(content=made.base["/etc/passwd"].content + line)})


def package(name: str, needs: str = "") -> Spoil:
    paragraph = f"Package: {name}\nStatus: install ok installed\nVersion: 1\nDepends: {needs}\n\n"
    return lambda made: made.own.update(
        {"/var/lib/dpkg/status": Entry(content=made.own["/var/lib/dpkg/status"].content + paragraph.encode())}
    )


def upgraded(made: Draft) -> None:
    """A newer bash, with other bytes, as a security update brings it."""
    old = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1"
    change("/var/lib/dpkg/status", old, old + b"+deb9u1")(made)
    add("/bin/bash", program(X86, "libc.so.6"))(made)


def program(header: ElfHeader, *needed: str) -> Entry:
    return Entry(content=elf(header, needed=needed), mode=0o755)


MODULE = f"{LIBRARY}/lib-dynload/_bisect.cpython-x86_64-linux-gnu.so"
FILES, UPSTREAM, BASE, TRACES = "recipe/files", "recipe/upstream", "recipe/base", "recipe/traces"
SCRIPT = b"#!/usr/local/bin/python3.7\n"
CASES = {
    "another platform": Case("architecture/platform", "the config says linux/arm64/v8, expected linux/amd64", document(architecture="arm64", variant="v8")),
    "no platform": Case("architecture/platform", "the config says nothing", document(os="", architecture="")),
    "arm64 without a variant is v8": Case("", "", document(variant=""), cell=FULL),
    "arm64 of another variant": Case("architecture/platform", "linux/arm64/v7, expected linux/arm64/v8", document(variant="v7"), cell=FULL),
    "interpreter of another architecture": Case("architecture/interpreter", "/usr/local/bin/python3.7 is for AArch64 64-bit little-endian, expected x86-64", add("/usr/local/bin/python3.7", program(ARM)), also=frozenset({"architecture/elf"})),
    "interpreter that is a script": Case("architecture/interpreter", "is not an ELF file", add("/usr/local/bin/python3.7"), also=frozenset({"recipe/scripts"})),
    "no interpreter": Case("architecture/interpreter", "there is no /usr/local/bin/python3.7", drop("/usr/local/bin/python3.7"), also=frozenset({"recipe/symlinks", "recipe/scripts"})),
    "no libpython": Case("architecture/interpreter", "there is no /usr/local/lib/libpython3.7", lambda made: [drop(f"/usr/local/lib/libpython3.7m.so{end}")(made) for end in ("", ".1.0")], also=frozenset({"recipe/libraries", "recipe/linker"})),
    "module of another architecture": Case("architecture/elf", r"_bisect.* \(x86 32-bit little-endian\): expected x86-64", add(MODULE, program(EXPECTED["386"]))),
    "module of an unknown machine": Case("architecture/elf", r"machine 999 64-bit", add(MODULE, program(ElfHeader(bits=64, order="little", machine=999)))),
    "further variable": Case("recipe/environment", "SECRET=x is not in the recipe", lambda made: made.config["Env"].append("SECRET=x")),
    "variable missing": Case("recipe/environment", "LANG=C.UTF-8 is not there", lambda made: made.config["Env"].remove("LANG=C.UTF-8")),
    "variables in another order": Case("recipe/environment", "the order is PYTHON_PIP_VERSION, PYTHON_VERSION", lambda made: made.config["Env"].reverse()),
    "another command": Case("recipe/command", r"CMD is \['bash'\], expected \['python3'\]", config(Cmd=["bash"])),
    "an entrypoint": Case("recipe/command", r"ENTRYPOINT is \['tini'\]", config(Entrypoint=["tini"])),
    "labels": Case("recipe/defaults", "LABEL maintainer=me", config(Labels={"maintainer": "me"})),
    "a volume": Case("recipe/defaults", "Volumes is", config(Volumes={"/data": {}})),
    "a working directory": Case("recipe/defaults", "WORKDIR is /app", config(WorkingDir="/app")),
    "a user": Case("recipe/defaults", "USER is nobody", config(User="nobody")),
    "root by number is root": Case("", "", config(User="0:0", Hostname="abc", Image="sha256:1")),
    "link missing": Case("recipe/symlinks", "idle is not there", drop("/usr/local/bin/idle")),
    "file instead of a link": Case("recipe/symlinks", "pydoc is no symlink", add("/usr/local/bin/pydoc", Entry(content=SCRIPT, mode=0o755))),
    "link to another program": Case("recipe/symlinks", "idle points at pydoc3, expected idle3", add("/usr/local/bin/idle", link("pydoc3"))),
    "command missing": Case("recipe/scripts", "2to3 is missing", drop("/usr/local/bin/2to3")),
    "script of nobody": Case("recipe/scripts", "is run by /usr/bin/python2, which is not there", add("/usr/local/bin/x", Entry(content=b"#!/usr/bin/python2\n", mode=0o755))),
    "script that says nothing": Case("recipe/scripts", "x does not say what runs it", add("/usr/local/bin/x", Entry(content=b"echo\n", mode=0o755))),
    "script that is none": Case("recipe/scripts", r"x cannot be executed by everybody \(0644\)", add("/usr/local/bin/x", Entry(content=SCRIPT, mode=0o644))),
    "dangling link": Case("recipe/symlinks", "/usr/local/share/x leads nowhere", add("/usr/local/share/x", link("y"))),
    "tests": Case("recipe/cleanup", "left over: /usr/local/lib/python3.7/test$", add(f"{LIBRARY}/test/", directory())),
    "bytecode": Case("recipe/cleanup", r"__pycache__/os.cpython-37.pyc", add(f"{LIBRARY}/__pycache__/os.cpython-37.pyc")),
    "source tree": Case("recipe/leftovers", "/usr/src/python/configure", add("/usr/src/python/configure"), also=frozenset({FILES})),
    "empty source tree": Case("recipe/leftovers", "left over: /usr/src/python$", add("/usr/src/python/", directory())),
    "package lists": Case("recipe/leftovers", "/var/lib/apt/lists/x", add("/var/lib/apt/lists/x")),
    "a lock in the lists is harmless": Case("", "", add("/var/lib/apt/lists/lock")),
    "list of libraries": Case("recipe/leftovers", "/runtime-libraries", add("/runtime-libraries"), also=frozenset({FILES})),
    "apt's log names the tools": Case(TRACES, r"^/var/log/apt/term.log names /dev/native-tools$", add("/var/log/apt/term.log", Entry(content=b"PATH=/dev/native-tools/path:/bin\n"))),
    "a program was linked against what is not there": Case(TRACES, "_bisect.* names /dev/native-tools", add(MODULE, Entry(content=elf(X86, needed=("libz.so.1",), holds=b"\0/dev/native-tools/lib\0"), mode=0o755))),
    "the base was made with them": Case(TRACES, "^/usr/share/doc/x names /.emulated and 90native-tools$", lambda made: made.base.update({"/usr/share/doc/x": Entry(content=b"/.emulated/etc/90native-tools")})),
    "what stood in for others was kept": Case(TRACES, "^/.emulated is of the build, /.emulated/x is of the build$", add("/.emulated/x"), also=frozenset({FILES})),
    "what was kept was removed": Case(TRACES, "^/.emulated is of the build$", lambda made: made.later.update({"/.wh..emulated": Entry()})),
    "a link into the tools": Case(TRACES, "/bin/bash points at ../dev/native-tools/bash", lambda made: made.later.update({"/bin/bash": link("../dev/native-tools/bash")}), also=frozenset({BASE})),
    "the config tells of the tools": Case(TRACES, "the config says native-tools=/dev/native-tools", document(buildinfo={"attrs": [{"context": "native-tools=/dev/native-tools"}]})),
    "the history tells of the tools": Case(TRACES, "the config says RUN --mount=", history("RUN --mount=type=bind,target=/dev/native-tools true"), also=frozenset({"recipe/history"})),
    "tools of another kind": Case("", "", add("/usr/share/doc/zlib1g/copyright", Entry(content=b"alternative-tools, self.emulated, /dev/null\n"))),
    "file of no package": Case(FILES, "of no package: /etc/strange", add("/etc/strange")),
    "alternative": Case("", "", lambda made: made.own.update({"/usr/bin/awk": link("/etc/alternatives/awk"), "/etc/alternatives/awk": link("/bin/bash")})),
    "alternative that leads nowhere": Case(FILES, r"/usr/bin/awk \(leads nowhere\)", add("/usr/bin/awk", link("/etc/alternatives/awk"))),
    "runtime package missing": Case("recipe/packages", "netbase is missing", change("/var/lib/dpkg/status", b"Package: netbase", b"Package: bashful"), also=frozenset({FILES})),
    "build package left": Case("recipe/packages", "^gcc was only needed to build$", package("gcc")),
    "package for nothing": Case("recipe/packages", "^vim is there for nothing$", package("vim")),
    "package of the base gone": Case("recipe/packages", "bash of the base is gone", change("/var/lib/dpkg/status", b"Package: bash\nStatus: install ok installed", b"Package: bash\nStatus: deinstall ok config-files")),
    "no database": Case("recipe/packages", "no package database", lambda made: made.later.update({"/var/lib/dpkg/.wh.status": Entry()}), also=frozenset({FILES, "recipe/layers"})),
    "library missing": Case("recipe/libraries", r"not in the image: libnever.so.7 \(for .*_bisect", add(MODULE, program(X86, "libnever.so.7"))),
    "nothing linked": Case("recipe/libraries", "nothing below /usr/local is linked", lambda made: made.later.update({"/usr/local/.wh..wh..opq": Entry()}), also=frozenset({"architecture/interpreter", "modules/files", "pip/distributions", "pip/files", "recipe/symlinks", "recipe/scripts", "recipe/linker", "recipe/packages", "recipe/layers", UPSTREAM})),
    "full image without Tk": Case("recipe/libraries", "libtk8.6.so", lambda made: made.later.update({"/lib/aarch64-linux-gnu/.wh.libtk8.6.so.2": Entry()}), cell=FULL, also=frozenset({"recipe/layers"})),
    "cache not made anew": Case("recipe/linker", "ldconfig was not run", add("/etc/ld.so.cache")),
    "a secret": Case("recipe/history", "a secret in: RUN /bin/sh -c PASSWORD=hunter2 make", history("/bin/sh -c PASSWORD=hunter2 make")),
    "a login in an address": Case("recipe/history", "a secret in", history("RUN /bin/sh -c pip install -i https://me:word@host/simple x")),
    "a foreign path": Case("recipe/history", "a path of some other machine", history("COPY /home/me/x /x")),
    "an instruction of nobody": Case("recipe/history", "not in the Dockerfile: RUN /bin/sh -c true", history("RUN /bin/sh -c true # buildkit")),
    "a further layer": Case("recipe/layers", "6 layers above the base, expected 5", lambda made: made.further.append({})),
    "hidden file": Case("recipe/layers", "in a layer, though a later one removes it: /usr/share/doc/x", lambda made: (add("/usr/share/doc/x")(made), made.later.update({"/usr/share/doc/.wh.x": Entry()}))),
    "module missing": Case("modules/files", "_bisect is missing", drop(MODULE)),
    "module not expected": Case("modules/files", "spam is not expected", add(f"{LIBRARY}/lib-dynload/spam.so", program(X86))),
    "module astray": Case("modules/files", f"{LIBRARY}/_bisect.so is not expected", add(f"{LIBRARY}/_bisect.so", program(X86)), also=frozenset({UPSTREAM})),
    "wheel missing": Case("pip/distributions", "wheel 0.32.3 is not there", lambda made: [drop(f"{LIBRARY}/site-packages/wheel-0.32.3.dist-info/{name}")(made) for name in ("METADATA", "RECORD")], also=frozenset({"pip/files"})),
    "distribution not pinned": Case("pip/distributions", "six 1.0 is not pinned", add(f"{LIBRARY}/site-packages/six-1.0-py3.7.egg-info"), also=frozenset({"pip/files"})),
    "wheel's file changed": Case("pip/files", "pip.py differs from its wheel's", change(f"{LIBRARY}/site-packages/pip.py", b"pip", b"pop")),
    "file of no wheel": Case("pip/files", "evil.pth is of no pinned wheel", add(f"{LIBRARY}/site-packages/evil.pth")),
    "wheel's file missing": Case("pip/files", "setuptools.py is missing", drop(f"{LIBRARY}/site-packages/setuptools.py")),
    "library changed": Case(UPSTREAM, "os.py differs from upstream's", change(f"{LIBRARY}/os.py", b"os", b"so")),
    "library file added": Case(UPSTREAM, "sitecustomize.py is not upstream's", add(f"{LIBRARY}/sitecustomize.py")),
    "library file missing": Case(UPSTREAM, "json/__init__.py is missing", drop(f"{LIBRARY}/json/__init__.py")),
    "header changed": Case(UPSTREAM, "the header Python.h differs", add("/usr/local/include/python3.7m/Python.h")),
    "header missing": Case(UPSTREAM, "the headers are missing", drop("/usr/local/include/python3.7m/pyconfig.h")),
    "empty password": Case("security/passwords", "root has an empty password in /etc/shadow", shadow(b"root::1::::::\n")),
    "password": Case("security/passwords", "root has a password in /etc/shadow", shadow(b"root:$6$x$y:1::::::\n")),
    "password in the old place": Case("security/passwords", "toor has an empty password in /etc/passwd", passwd(b"toor::5:0::/:/bin/sh\n")),
    "second root": Case("security/passwords", "toor is root under another name", passwd(b"toor:x:0:0::/:/bin/sh\n")),
    "no shadow": Case("security/passwords", "there is no /etc/shadow", shadow(b"")),
    "setuid": Case("security/setuid", r"not in the base: /usr/local/bin/idle3 \(4755\)", add("/usr/local/bin/idle3", Entry(content=SCRIPT, mode=0o4755))),
    "setgid given to what the base has": Case("security/setuid", r"/bin/su \(6755\)", add("/bin/su", Entry(content=elf(X86), mode=0o6755)), also=frozenset({BASE})),
    "a program of the base given to somebody else": Case("security/setuid", r"/bin/su \(4755\)", add("/bin/su", Entry(content=elf(X86), mode=0o4755, owner=5)), also=frozenset({BASE, "security/writable"})),
    "file of the base gone": Case(BASE, "/root/.profile is gone", lambda made: made.later.update({"/root/.wh..profile": Entry()})),
    "file of the base changed": Case(BASE, "/root/.profile: other content", add("/root/.profile", Entry(content=b"rm -r /\n")), also=frozenset({"recipe/leftovers"})),
    "link of the base changed": Case(BASE, "libc.so.6: points at x", add("/lib/x86_64-linux-gnu/libc.so.6", link("x")), also=frozenset({"recipe/libraries"})),
    "file of the base made a directory": Case(BASE, "/root/.profile: a file became a directory", add("/root/.profile/", directory())),
    "package of the base upgraded": Case("", "", upgraded),
    "directory of the base changed": Case(BASE, "/tmp: mode 1777 became 0755", add("/tmp/", directory(0o755))),
    "another suite": Case("recipe/suite", "os-release says Debian", lambda made: made.base.update({"/usr/lib/os-release": Entry(content=b"ID=debian\nVERSION_CODENAME=buster\nPRETTY_NAME=Debian 10\n")})),
    "another distribution": Case("recipe/suite", "expected stretch", lambda made: made.base.update({"/usr/lib/os-release": Entry(content=b"ID=ubuntu\nVERSION_CODENAME=stretch\n")})),
    "account beyond the base's": Case("security/passwords", "eve is not an account of the base", add("/etc/passwd", Entry(content=b"root:x:0:0::/:\neve:x:1000:1000::/:\n"))),
    "sticky file": Case("security/writable", r"/usr/local/bin/idle3 \(1777\)", add("/usr/local/bin/idle3", Entry(content=SCRIPT, mode=0o1777))),
    "what looks like a secret in the Dockerfile itself": Case("", "", stated("ENV AUTH_METHOD=none")),
    "writable file": Case("security/writable", r"/usr/local/bin/idle3 \(0757\)", add("/usr/local/bin/idle3", Entry(content=SCRIPT, mode=0o757))),
    "program of another user": Case("security/writable", r"idle3 \(belongs to user 1000\)", add("/usr/local/bin/idle3", Entry(content=SCRIPT, mode=0o755, owner=1000))),
    "writable directory": Case("security/writable", r"/usr/share/doc/y \(0777\)", add("/usr/share/doc/y/", directory(0o777))),
    "sticky directory": Case("", "", add("/usr/share/doc/y/", directory(0o1777))),
    "device": Case(FILES, "/dev/null", add("/dev/null", Entry(kind=tarfile.CHRTYPE, mode=0o666)), also=frozenset({"recipe/leftovers"})),
    "alpine: password": Case("security/passwords", "root has an empty password", shadow(b"root:::0:::::\n"), cell=ALPINE),
    "alpine: package for nothing": Case("recipe/packages", "vim is there for nothing", change("/lib/apk/db/installed", b"P:zlib\n", b"P:vim\n\nP:zlib\n"), cell=ALPINE),
    "alpine: file of no package": Case(FILES, "/opt/x", add("/opt/x"), cell=ALPINE, also=frozenset({"recipe/leftovers"})),
    "2.7: file of no package on a merged system": Case(FILES, "/usr/lib/strange", add("/usr/lib/strange"), cell=OLD),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_spoilt_image_is_refused_by_what_is_about_it(case: Case) -> None:
    seen = failures(FakeSubject(draft(case.cell, case.spoil)), proofs=STATIC)
    assert set(seen) == case.also | ({case.by} - {""}), seen
    assert re.search(case.says, seen.get(case.by, "")), seen[case.by]


def test_every_static_proof_refuses_something() -> None:
    assert {case.by for case in CASES.values()} - {""} == {proof.name for proof in STATIC}


@pytest.mark.parametrize("name", ["recipe/upstream", "pip/files"])
def test_without_inputs_nothing_is_said_to_be_right(name: str) -> None:
    (proof,) = (one for one in STATIC if one.name == name)
    with pytest.raises(ProofFailedError, match=r"(?:is|are) not at hand"):
        proof.check(FakeSubject(draft(SLIM), inputs=False))


def test_an_image_without_any_program_of_its_own_is_refused() -> None:
    made = draft(SLIM)
    made.own = {path: entry for path, entry in made.own.items() if not entry.content.startswith(b"\x7fELF")}
    assert failures(FakeSubject(made), proofs=STATIC)["architecture/elf"] == "there is no ELF file above the base"
