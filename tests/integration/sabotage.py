"""Broken images: each is a good one with one small change, and names the proofs that have to refuse it."""

from __future__ import annotations

from dataclasses import dataclass

#: The library of the image that is broken.
LIBRARY = "/usr/local/lib/python3.9"
PACKAGES = f"{LIBRARY}/site-packages"
DYNAMIC = f"{LIBRARY}/lib-dynload"

STARTS = "interpreter/starts"
AMD64 = "3.9-slim-bullseye-amd64"
ARM64 = "3.9-slim-bullseye-arm64v8"
PYTHON2 = "2.7-slim-bullseye-amd64"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sabotage:
    """`lines` go below FROM; `{other}` stands for the good image of the other architecture.

    `refused_by` have to fail; `also` may: a broken thing is often seen from two sides. Every line makes a layer and an entry of the history,
    so recipe/layers and recipe/history fail as well.
    """

    name: str
    lines: str
    refused_by: tuple[str, ...]
    also: tuple[str, ...] = ()
    cell: str = AMD64


def _sabotage(name: str, lines: str, *refused_by: str, also: tuple[str, ...] = (), cell: str = AMD64) -> Sabotage:
    return Sabotage(name=name, lines=lines, refused_by=refused_by, also=also, cell=cell)


def _at_start(name: str, script: str, *refused_by: str, also: tuple[str, ...] = ()) -> Sabotage:
    """A module that every interpreter imports at its start."""
    lines = f"RUN printf '{script}' > {PACKAGES}/sitecustomize.py"
    return _sabotage(name, lines, *refused_by, also=("pip/files", *also))


_ARM_DYNAMIC = f"{DYNAMIC}/_bisect.cpython-39-aarch64-linux-gnu.so"
_STDLIB = ("recipe/upstream",)

SABOTAGES = (
    # architecture
    _sabotage(
        "interpreter of the other architecture",
        "COPY --from={other} /usr/local/bin/python3.9 /usr/local/bin/python3.9",
        "architecture/interpreter",
        "architecture/elf",
        also=("interpreter/starts", "interpreter/version"),
        cell=ARM64,
    ),
    _sabotage(
        "one foreign extension module",
        f"COPY --from={{other}} {DYNAMIC}/_bisect.cpython-39-x86_64-linux-gnu.so {_ARM_DYNAMIC}",
        "architecture/elf",
        also=("modules/imports",),
        cell=ARM64,
    ),
    _sabotage(
        "libpython of the other architecture",
        "COPY --from={other} /usr/local/lib/libpython3.9.so.1.0 /usr/local/lib/libpython3.9.so.1.0",
        "architecture/interpreter",
        "architecture/elf",
        also=("interpreter/starts", "recipe/libraries"),
        cell=ARM64,
    ),
    _sabotage(
        "script in place of the interpreter",
        "RUN mv /usr/local/bin/python3.9 /usr/local/bin/python3.9-real"
        " && printf '#!/bin/sh\\nexec python3.9-real \"$@\"\\n' > /usr/local/bin/python3.9 && chmod 755 /usr/local/bin/python3.9",
        "architecture/interpreter",
        also=("interpreter/version",),
    ),
    _sabotage(
        "uname of another machine",
        "RUN printf '#!/bin/sh\\necho aarch64\\n' > /bin/uname",
        "architecture/machine",
        also=("recipe/files",),
    ),
    # recipe
    _sabotage("stale ENV", "ENV PYTHON_VERSION=3.9.1", "recipe/environment"),
    _sabotage("further ENV", "ENV DEBUG=1", "recipe/environment"),
    _sabotage("other LANG", "ENV LANG=C", "recipe/environment", "behaviour/text", also=("readme/script",)),
    _sabotage("wrong CMD", 'CMD ["python2"]', "recipe/command", "override/default"),
    _sabotage("an ENTRYPOINT", 'ENTRYPOINT ["python3"]', "recipe/command", "override/command"),
    _sabotage("a LABEL", "LABEL maintainer=somebody", "recipe/defaults"),
    _sabotage("a USER", "USER nobody", "recipe/defaults"),
    _sabotage("a WORKDIR", "WORKDIR /etc", "recipe/defaults"),
    _sabotage("a VOLUME", "VOLUME /data", "recipe/defaults"),
    _sabotage("a port", "EXPOSE 80", "recipe/defaults"),
    _sabotage("a health check", "HEALTHCHECK CMD true", "recipe/defaults"),
    _sabotage("a stop signal", "STOPSIGNAL SIGINT", "recipe/defaults"),
    _sabotage("a trigger", "ONBUILD RUN false", "recipe/defaults", "readme/dockerfile"),
    _sabotage("left-over tests", f"RUN mkdir {LIBRARY}/test && touch {LIBRARY}/test/__init__.py", "recipe/cleanup"),
    _sabotage(
        "a compiled file", f"RUN python -c 'import py_compile as c; c.compile(\"{LIBRARY}/this.py\")'", "recipe/cleanup"
    ),
    _sabotage("dangling symlink", "RUN ln -s /nowhere /usr/local/bin/python3-old", "recipe/symlinks"),
    _sabotage(
        "symlink elsewhere",
        "RUN ln -sf /usr/bin/perl /usr/local/bin/pydoc",
        "recipe/symlinks",
    ),
    _sabotage("removed symlink", "RUN rm /usr/local/bin/idle", "recipe/symlinks"),
    _sabotage(
        "source tree",
        "RUN mkdir /usr/src/python && touch /usr/src/python/configure",
        "recipe/leftovers",
        also=("recipe/files",),
    ),
    _sabotage(
        "pip's cache",
        "RUN mkdir -p /root/.cache/pip && touch /root/.cache/pip/x",
        "recipe/leftovers",
        also=("recipe/files",),
    ),
    _sabotage(
        "a log that tells of native tools",
        "RUN echo '/dev/native-tools/path/dpkg-deb' >> /var/log/dpkg.log",
        "recipe/traces",
        cell=ARM64,
    ),
    _sabotage("strange file", "RUN echo x > /etc/backdoor.conf", "recipe/files"),
    _sabotage(
        "strange library",
        "RUN cp /lib/x86_64-linux-gnu/libz.so.1 /usr/lib/x86_64-linux-gnu/libevil.so.1",
        "recipe/files",
    ),
    _sabotage(
        "missing package",
        "RUN dpkg --purge --force-all netbase",
        "recipe/packages",
        also=("recipe/layers", "recipe/files"),
    ),
    _sabotage(
        "extra package",
        "RUN printf '\\nPackage: cowsay\\nStatus: install ok installed\\nVersion: 3\\nArchitecture: all\\nMaintainer: x <x@x>\\n"
        "Description: x\\n' >> /var/lib/dpkg/status",
        "recipe/packages",
    ),
    _sabotage(
        "build package left",
        "RUN printf '\\nPackage: libssl-dev\\nStatus: install ok installed\\nVersion: 3\\nArchitecture: amd64\\nMaintainer: x <x@x>\\n"
        "Description: x\\n' >> /var/lib/dpkg/status",
        "recipe/packages",
    ),
    _sabotage(
        "missing library",
        "RUN rm /usr/lib/x86_64-linux-gnu/libsqlite3.so.0*",
        "recipe/libraries",
        "behaviour/sqlite",
        also=("recipe/packages", "modules/imports"),
    ),
    _sabotage("no linker cache", "RUN rm /etc/ld.so.cache", "recipe/linker", also=(STARTS,)),
    _sabotage("secret in the history", "RUN API_TOKEN=s3cr3t true", "recipe/history"),
    _sabotage("secret by ARG", "ARG PASSWORD=hunter2\nRUN true", "recipe/history"),
    _sabotage("secret that was removed", "RUN echo s3cr3t > /root/key\nRUN rm /root/key", "recipe/layers"),
    _sabotage("further layer", "RUN true", "recipe/layers", "recipe/history"),
    _sabotage("changed standard library", f"RUN echo '# changed' >> {LIBRARY}/random.py", "recipe/upstream"),
    _sabotage("removed module", f"RUN rm {LIBRARY}/random.py", "recipe/upstream", "behaviour/imports"),
    _sabotage("changed header", "RUN echo >> /usr/local/include/python3.9/object.h", "recipe/upstream"),
    _sabotage("changed file of the base", "RUN echo '#' >> /etc/profile", "recipe/base"),
    _sabotage("removed file of the base", "RUN rm /usr/bin/wall", "recipe/base"),
    _sabotage("directory of the base", "RUN chmod 755 /var/tmp", "recipe/base"),
    _sabotage(
        "further source of packages", "RUN echo 'deb http://x.invalid x main' >> /etc/apt/sources.list", "recipe/base"
    ),
    _sabotage("another suite", "RUN sed -i 's/bullseye/buster/g' /usr/lib/os-release", "recipe/suite", "recipe/base"),
    _sabotage("further certificate", "RUN echo x > /etc/ssl/certs/evil.pem", "recipe/files"),
    _sabotage("further account", "RUN echo 'eve:x:1000:1000::/:/bin/sh' >> /etc/passwd", "security/passwords"),
    # interpreter
    _at_start("hangs at its start", "import time; time.sleep(100000)", "interpreter/starts"),
    _at_start(
        "forks without end", "import os\\nwhile 1:\\n  try: os.fork()\\n  except OSError: pass\\n", "interpreter/starts"
    ),
    _at_start(
        "writes a gigabyte", 'import os\\nfor i in range(16384): os.write(1, b"x" * 65536)\\n', "interpreter/starts"
    ),
    _at_start("dies by a signal", "import os; os.kill(os.getpid(), 11)", "interpreter/starts"),
    _at_start("complains at its start", 'import sys; sys.stderr.write("by the way\\\\n")', "interpreter/starts"),
    _at_start("lies about its version", "import sys; sys.version_info = (3, 9, 3)", "interpreter/version"),
    _sabotage(
        "no libpython",
        "RUN rm /usr/local/lib/libpython3.9.so.1.0",
        "interpreter/starts",
        also=(
            "architecture/interpreter",
            "interpreter/version",
            "recipe/linker",
            "recipe/libraries",
            "recipe/symlinks",
        ),
    ),
    # modules
    _sabotage(
        "no _sqlite3",
        f"RUN rm {DYNAMIC}/_sqlite3.*",
        "modules/files",
        also=("modules/imports", "behaviour/sqlite", "recipe/packages"),
    ),
    _sabotage("unexpected module", f"RUN cp {DYNAMIC}/_crypt.*.so {DYNAMIC}/_gdbm2.so", "modules/files"),
    _sabotage(
        "module of another image", f"RUN cp {DYNAMIC}/_gdbm.*.so {DYNAMIC}/_dbm.so", "modules/files", "modules/imports"
    ),
    _sabotage(
        "module in site-packages",
        f"RUN cp {DYNAMIC}/_crypt.*.so {PACKAGES}/_bsddb.so",
        "modules/files",
        "modules/imports",
        also=("pip/files",),
    ),
    _sabotage(
        "module that cannot be loaded",
        f"RUN truncate -s 20 {DYNAMIC}/_bz2.*.so",
        "modules/imports",
        also=("behaviour/compression",),
    ),
    _sabotage(
        "no Berkeley DB",
        "RUN rm /usr/local/lib/python2.7/lib-dynload/_bsddb.so",
        "modules/files",
        "behaviour/dbm",
        cell=PYTHON2,
    ),
    _sabotage(
        "tkinter that can be imported",
        f"RUN cp {DYNAMIC}/_crypt.cpython-39-x86_64-linux-gnu.so /x.so && rm {DYNAMIC}/_tkinter.* /x.so"
        f" && echo > {PACKAGES}/_tkinter.py",
        "modules/files",
        also=("modules/imports", "pip/files"),
    ),
    # behaviour
    _sabotage("no certificates", "RUN rm -r /etc/ssl/certs && mkdir /etc/ssl/certs", "behaviour/tls"),
    _sabotage(
        "TLS without verification",
        f"RUN sed -i 's/context.verify_mode = CERT_REQUIRED/context.verify_mode = CERT_NONE/; s/context.check_hostname = True/pass/' {LIBRARY}/ssl.py",
        "behaviour/tls",
        also=_STDLIB,
    ),
    _sabotage(
        "local time elsewhere",
        "RUN ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime",
        "behaviour/clock",
        also=("recipe/files",),
    ),
    _sabotage(
        "no terminals",
        "RUN rm -r /lib/terminfo /usr/share/terminfo /etc/terminfo",
        "behaviour/curses",
        also=("recipe/layers",),
    ),
    _sabotage("removed command", "RUN rm /usr/local/bin/2to3", "recipe/scripts"),
    _sabotage(
        "script without its interpreter",
        "RUN sed -i '1s,.*,#!/usr/bin/python2,' /usr/local/bin/wheel",
        "recipe/scripts",
    ),
    _at_start("square roots that are wrong", "import math; math.sqrt = lambda x: x / 2", "behaviour/numbers"),
    _sabotage(
        "other encoding of pipes",
        "ENV PYTHONIOENCODING=ascii",
        "recipe/environment",
        "behaviour/text",
        cell=PYTHON2,
    ),
    _at_start("links that are symlinks", "import os; os.link = os.symlink", "behaviour/files"),
    _sabotage(
        "terminate that interrupts",
        f"RUN sed -i 's/send_signal(signal.SIGTERM)/send_signal(signal.SIGINT)/' {LIBRARY}/subprocess.py",
        "behaviour/processes",
        also=_STDLIB,
    ),
    _at_start(
        "thread-local data that is shared",
        'import threading; threading.local = type("local", (), {})',
        "behaviour/threads",
    ),
    _at_start("recursion without a limit", "import sys; sys.setrecursionlimit(10 ** 9)", "behaviour/recursion"),
    # What a build has that found no working sem_open.
    _at_start("no semaphores", "import _multiprocessing; del _multiprocessing.SemLock", "behaviour/multiprocessing"),
    _sabotage(
        "timers that ring at once",
        f"RUN sed -i 's/self.time() + delay/self.time()/' {LIBRARY}/asyncio/base_events.py",
        "behaviour/asyncio",
        also=_STDLIB,
    ),
    _at_start("zlib that does not count", "import zlib; zlib.crc32 = lambda *a: 0", "behaviour/compression"),
    _at_start("MD5 for SHA-256", "import hashlib; hashlib.sha256 = hashlib.md5", "behaviour/hashing"),
    _sabotage("dbm without GNU's", f"RUN rm {LIBRARY}/dbm/gnu.py", "behaviour/dbm", also=_STDLIB),
    _at_start("a short that is long", "import ctypes; ctypes.c_short = ctypes.c_long", "behaviour/ctypes"),
    _sabotage("another editor", "RUN echo 'set editing-mode vi' > /etc/inputrc", "behaviour/readline"),
    # security
    _sabotage("a module for root alone", f"RUN chmod 600 {LIBRARY}/tempfile.py", "security/confined"),
    _sabotage("program of another user", "RUN chown 1000 /usr/local/bin/python3.9", "security/writable"),
    _sabotage("setuid", "RUN chmod u+s /usr/bin/env", "security/setuid"),
    _sabotage("setuid interpreter", "RUN chmod 4755 /usr/local/bin/python3.9", "security/setuid"),
    _sabotage("writable by everybody", f"RUN chmod 666 {LIBRARY}/os.py", "security/writable"),
    _sabotage("directory writable by everybody", f"RUN chmod 777 {PACKAGES}", "security/writable"),
    _sabotage("empty root password", "RUN sed -i 's/^root:[^:]*:/root::/' /etc/shadow", "security/passwords"),
    _sabotage("root password", "RUN sed -i 's/^root:[^:]*:/root:$6$salt$hash:/' /etc/shadow", "security/passwords"),
    _sabotage("second root", "RUN echo 'toor:x:0:0::/root:/bin/sh' >> /etc/passwd", "security/passwords"),
    _sabotage(
        "vulnerable bash",
        'RUN printf \'#!/bin/sh\\ncase "$hole" in *echo*) echo vulnerable;; esac\\nexec /bin/sh "$@"\\n\' > /bin/bash',
        "security/shellshock",
    ),
    # pip
    _sabotage(
        "pip of another version",
        f"RUN sed -i 's/18.1/18.0/' {PACKAGES}/pip/__init__.py",
        "pip/version",
        also=("pip/files",),
    ),
    _sabotage("further Python package", f"RUN mkdir {PACKAGES}/six-1.0.dist-info", "pip/distributions"),
    _sabotage(
        "no wheel",
        f"RUN rm -r {PACKAGES}/wheel {PACKAGES}/wheel-*",
        "pip/distributions",
        also=("pip/files", "pip/install"),
    ),
    _sabotage("changed package", f"RUN echo '#' >> {PACKAGES}/setuptools/__init__.py", "pip/files"),
    _sabotage("path file", f"RUN echo /opt > {PACKAGES}/evil.pth", "pip/files"),
    _sabotage(
        "broken setuptools",
        f"RUN echo 'raise ImportError' > {PACKAGES}/setuptools/dist.py",
        "pip/install",
        also=("pip/files",),
    ),
    # override, readme
    _sabotage("no shell", "RUN rm /bin/sh", "override/entrypoint", also=("recipe/scripts",)),
    _sabotage("echo that says something else", "RUN printf '#!/bin/sh\\necho no\\n' > /bin/echo", "override/command"),
    _sabotage(
        "json that lies",
        f"RUN echo 'dumps = lambda *a, **k: \"{{}}\"' >> {LIBRARY}/json/__init__.py",
        "readme/script",
        also=_STDLIB,
    ),
)
