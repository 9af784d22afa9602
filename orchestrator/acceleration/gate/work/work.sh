# What the gate has done both ways: with native tools, and without. POSIX sh; it runs in the cell's stage "build", in the directory of the source.
#
# Usage: sh /dev/gate/work.sh native|plain. Into /gate go
#   objects/   what the units were compiled to
#   links/     a library and a program
#   texts/     what was said, a file per question, to be compared line by line
#   statuses   question, tab, exit status; whatever fails, the next question is asked
#   taken      (native) which programs are those of the mount; declined: what "take" says when it takes none
at=/dev/native-tools here=/dev/gate to=/gate
mkdir -p "$to/objects" "$to/links" "$to/texts"
[ -e "$to/programs" ] || cat "$at/programs" > "$to/programs"
: > "$to/statuses"

# NAME COMMAND...
ask() {
	question=$1
	shift
	"$@" > "$to/texts/$question" 2>&1 < /dev/null
	printf '%s\t%s\n' "$question" "$?" >> "$to/statuses"
}

# Each program under the path that it has here.
present() {
	while read -r program package version; do
		for path in "$program" "/usr$program" "${program#/usr}"; do
			if [ -e "$path" ] || [ -L "$path" ]; then
				echo "$path"
				break
			fi
		done
	done < "$to/programs"
}

if [ "$1" = native ]; then
	for path in $(present); do
		case "$(readlink "$path")" in "$at"/*) echo "$path" ;; esac
	done > "$to/taken"
	# Asked again: what it said in the step before is known to nobody whose cache had that step.
	[ -s "$to/taken" ] || "$at/take" > "$to/declined" 2>&1
fi

# Without a Makefile it is the small trial: what can be asked before ./configure has run.
if [ -f Makefile ]; then makefile=Makefile; else makefile=$here/unconfigured.mk; fi
objects=$(while read -r unit; do if [ -f "${unit%.o}.c" ]; then echo "$unit"; fi; done < "$here/units")

gate() { make -s -f "$makefile" -f "$here/gate.mk" "$@"; }
# shellcheck disable=SC2086 # a list
compiled() { [ -z "$objects" ] || make -s -k -j2 -f "$makefile" $objects; }

# Directories or files that exist, by their own names: the mount has links to the image's.
resolved() { xargs -r readlink -e || true; }

# In their order, but for empty ones: a native compiler looks into /usr/local/include, too, a cross compiler does not.
# shellcheck disable=SC2046 # a list
headers() {
	set -- $(gate gate-search 2>&1 | sed -n '/^#include .* starts here:$/,/^End of search list/s,^ ,,p' | resolved)
	if [ $# -gt 0 ]; then find "$@" -maxdepth 0 ! -empty | awk '!seen[$0]++'; fi
}
# What the linker is given: of the compiler, of the C library, and of what modules of CPython are linked against. Under its own name, because the
# compiler of the tools has a directory of links.
found() {
	for name in libgcc.a libgcc_eh.a libgcc_s.so.1 crt1.o Scrt1.o crti.o crtn.o crtbegin.o crtbeginS.o crtend.o crtendS.o; do
		gcc "-print-file-name=$name"
	done | resolved
	for name in c m pthread dl util rt z bz2 lzma crypto ssl readline ncursesw panelw sqlite3 db gdbm ffi uuid expat tk8.6; do
		gcc "-print-file-name=lib$name.so"
	done | resolved
}
included() { gate gate-includes | tr -s ' \\' '\n\n' | sed 's,^[^ ]*:$,,' | resolved | sort -u; }
script() { ld --verbose | sed '/^SEARCH_DIR/d; /^GNU ld/d; /^  *Supported emulations/,/^using/d'; }
program() { "$to/links/program" three words here; }

ask compile compiled
for unit in $objects; do
	if [ -f "$unit" ]; then
		mkdir -p "$to/objects/${unit%/*}"
		cp "$unit" "$to/objects/$unit"
	fi
done
ask library gate gate-library
ask program gate gate-program
ask run program
for name in library program; do
	ask "readelf-$name" readelf -d "$to/links/$name"
done

ask macros gate gate-macros
[ ! -f pyconfig.h ] || ask macros-Python.h gate gate-python-macros
ask includes included
ask header-directories headers
ask files found
ask linker-script script
ask machine gcc -dumpmachine
ask version gcc -dumpversion
ask full-version gcc -dumpfullversion
ask multiarch gcc -print-multiarch
ask target-options gcc -Q --help=target
ask optimizers gcc -Q -O3 --help=optimizers
for name in gcc cc cpp as ld ar nm ranlib strip readelf; do
	ask "version-of-$name" "$name" --version
done
# An applet of busybox has no version but the one that its help begins with, and some take the option for something to do: "yes" would say it forever.
for path in $(present); do
	case "$(readlink -f "$path")" in
		*/busybox) ask "version-of-${path##*/}" "$path" --help ;;
		*) ask "version-of-${path##*/}" "$path" --version ;;
	esac
done
. "$here/behaviour.sh"
