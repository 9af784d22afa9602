"""A small stand-in for Alpine, for two architectures: what native tools look at and take, put together from Debian's packages.

No Alpine image is needed for it, and it shows nothing about one but what is alike: programs that are links to a busybox, musl's loader, and apk's
database as text. Debian's static busybox runs its applets without looking for them; it is made to know neither `uname` nor `arch`, so that its shell
starts these two by their paths as Alpine's does. What it is without that lies at `/standalone`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.acceleration.making import Build
from orchestrator.bases.model import Base, How
from orchestrator.bases.oci import write_layout
from orchestrator.build.buildx import BuildRequest
from orchestrator.engine.model import Engine
from orchestrator.matrix.model import Architecture
from tests.integration.builder import builder

REFERENCE = "alpine:3.8"

#: As root file systems are put together: on the building machine, and nothing of them is executed there.
_DOCKERFILE = """\
FROM debian:bullseye-slim AS packages
RUN dpkg --add-architecture arm64 \\
	&& apt-get update \\
	&& apt-get install -y --no-install-recommends gcc libc6-dev musl-tools \\
	&& mkdir /packages && cd /packages && chmod 777 . \\
	&& apt-get download busybox-static:amd64 busybox-static:arm64 musl:amd64 musl:arm64 \\
	&& for package in *.deb; do dpkg-deb --extract "$package" "$(echo "$package" | sed 's,.*_\\(.*\\)\\.deb,\\1,')"; done
COPY small.c tsort.c put-together /
RUN sh /put-together amd64 x86_64 && sh /put-together arm64 aarch64
FROM scratch
COPY --from=packages /roots/{architecture} /
"""

_FILES = {
    "small.c": 'const char *small(void) { return "of the building machine"; }\n',
    "tsort.c": "#include <stdio.h>\nconst char *small(void);\nint main(void) { return puts(small()) < 0; }\n",
    # DEBIAN ALPINE: the names of an architecture
    "put-together": r"""set -eu
from=/packages/$1 root=/roots/$1
mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/lib" "$root/lib/apk/db" "$root/etc" "$root/tmp"
cp "$from/bin/busybox" "$root/standalone"
LC_ALL=C sed 's,\x00uname\x00,\x00unamX\x00,; s,\x00arch\x00,\x00arcX\x00,' "$root/standalone" > "$root/bin/busybox"
test "$(LC_ALL=C cmp -l "$root/standalone" "$root/bin/busybox" | wc -l)" -eq 2
chmod 755 "$root/bin/busybox"
for name in arch uname; do cp "$root/standalone" "$root/bin/$name"; done
for name in ash awk cat chmod cp echo env false grep head ln ls mkdir mv readlink rm sed sh true; do ln -s /bin/busybox "$root/bin/$name"; done
for name in basename cut expr find sort tail test tr wc xargs yes "["; do ln -s ../../bin/busybox "$root/usr/bin/$name"; done
cp -L "$from/lib/ld-musl-$2.so.1" "$root/lib/"
if [ "$1" = amd64 ]; then
	musl-gcc -shared -fPIC -Wl,-soname,libsmall.so.1 -o "$root/usr/lib/libsmall.so.1" /small.c
	musl-gcc -o "$root/usr/bin/tsort" /tsort.c "$root/usr/lib/libsmall.so.1"
else
	# Who looks for the library here finds something else.
	echo of another machine > "$root/usr/lib/libsmall.so.1"
	cp "$root/standalone" "$root/usr/bin/tsort"
fi
# PACKAGE VERSION DIRECTORY FILE...
installed() {
	printf 'C:Q1\nP:%s\nV:%s\nA:%s\nF:%s\n' "$1" "$2" "$architecture" "$3"
	shift 3
	for file; do printf 'R:%s\na:0:0:755\n' "$file"; done
	echo
}
architecture=$2
{
	installed musl 1.1.19-r11 lib "ld-musl-$2.so.1"
	installed busybox 1.28.4-r3 bin busybox sh
	installed coreutils 8.29-r2 usr/bin tsort
	installed small 1-r0 usr/lib libsmall.so.1
	installed findutils 4.6.0-r0 "" && installed libc-dev 0.7.1-r0 "" && installed make 4.2.1-r2 ""
} > "$root/lib/apk/db/installed"
cat > "$root/bin/apk" <<'END'
#!/bin/sh
# What is there already can be added, and nothing else.
[ "$1 $2" = "add --no-cache" ] || exit 1
shift 2
for package; do grep -q -x "P:$package" /lib/apk/db/installed || exit 1; done
END
chmod 755 "$root/bin/apk"
""",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallAlpine:
    """The stand-in as a base for the building machine and for an emulated one, and what builds on the engine."""

    host: Base
    target: Base
    build: Build


def small_alpine(
    engine: Engine, debian: Base, host: Architecture, target: Architecture, directory: Path
) -> SmallAlpine:
    """Put both together. `debian` is bullseye's slim base for the building machine; `directory` is there and stays."""
    call = builder(engine)
    made = [_base(call, debian, host, one, directory / one.name) for one in (host, target)]
    return SmallAlpine(host=made[0], target=made[1], build=call)


def _base(call: Build, debian: Base, host: Architecture, architecture: Architecture, directory: Path) -> Base:
    context, layer, layout = directory / "context", directory / "layer.tar", directory / "layout"
    for path in (context, layout):
        path.mkdir(parents=True)
    dockerfile = _DOCKERFILE.format(architecture=architecture.platform.architecture)
    for name, text in {**_FILES, "Dockerfile": dockerfile}.items():
        (context / name).write_text(text, encoding="utf-8")
    began = time.monotonic()
    result = call(
        BuildRequest(
            directory=context,
            platform=str(host.platform),
            contexts={debian.reference: debian.context},
            reference="",
            timeout=600.0,
            log=directory / "log",
            export=f"type=tar,dest={layer}",
        )
    )
    assert result.failure is None, result.failure
    written = write_layout(layout, layer=layer, platform=architecture.platform, created=0, comment="small Alpine")
    return Base(
        reference=REFERENCE,
        architecture=architecture.name,
        layout=layout,
        digest=written.digest,
        built="1970-01-01T00:00:00Z",
        how=How.BOOTSTRAPPED,
        size=written.size,
        seconds=time.monotonic() - began,
    )
