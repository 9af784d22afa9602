# The small tools on input that is always the same: what they write, and what files they leave. Called by name, as scripts call them. What a program does
# not know (busybox knows less) it refuses both ways alike; for tar, which would refuse all of the first question, there is a second one.
export TZ=UTC0
umask 022
rm -rf /tmp/gate
mkdir -p /tmp/gate
cd /tmp/gate || exit 1
printf '%s\n' 'Zebra 10' 'apple 9' 'Äpfel 3' 'apple 10' '' '  b	tab' 'éclair 007' 'Zebra 10' '_under 1.5e3' > words
printf '#define FOO 1\n/* #undef BAR */\ns%%@x@%%y%%g\nline \\\ncontinued\n' > config
printf 'a\0b\377c' > bytes

texts() {
	sed -n -e 's/^\([A-Za-z]*\) \([0-9]*\)$/\2:\1/p' -e '/^$/=' words
	sed -e 's,#define \([A-Z]*\) .*,#define \1 "2",; s,/\* #undef \([^ ]*\) \*/,#define \1 3,; :a' -e '/\\$/{N;s/\\\n//;ba' -e '}' config
	sed 's/[^[:alnum:]_]/_/g; y/abc/xyz/; $q' words
	sed -E 's/(p+)(l|f)/<\1|\2>/; 2!d' words
	grep -n '^[a-zé]' words
	grep -c -i ZEBRA words
	grep -E -o '[0-9]+(\.[0-9]+)?(e[0-9]+)?' words
	grep -v -F 'apple' words
	grep -a -b 'b' bytes
	sort words
	sort -u -k2,2n -k1,1 words
	sort -r -f words
	tr 'a-z' 'A-Z' < words
	tr -cd '[:digit:]\n' < words
	tr -s '\n ' ' #' < words
	cut -c1-3 words
	cut -d' ' -f2 words
	uniq -c words
	sort words | uniq -d
	head -n 2 words
	tail -n 2 words
	head -c 5 words | od -An -tx1
	wc words
	comm words words
	join words words
	paste -d: words words
	fold -w 4 words
	fmt -w 20 words
	nl words
	expand words
	tac words
	split -l 4 words part. && cat part.*
	od -c bytes
	cksum < bytes
	md5sum words
	sha1sum words
	sha256sum words
	seq 3 3 12
	tsort config
	diff words config
	diff -u --label a --label b words config
	cmp words config
	xargs -n 2 echo < words
	printf '%5d|%-5s|%x|%.3f|%b\n' 42 ab 255 3.14159 'a\tb'
}

numbers() {
	expr 7 \* 6
	expr 7 / 2 + 7 % 2
	expr "xlib64" : 'x\([a-z]*\)'
	expr length 'Äpfel'
	expr index abcdef d
	expr a '<' B
	expr 0
	[ 3 -lt 10 ] && echo less
	test a '<' b
	echo "$((0x1f << 3)) $((-7 / 2)) $((-7 % 3))"
	awk '{ n += $2 } END { print n, n / 7; printf "%.6f %d %s %c\n", n / 3, 1e6, 1e6, 65 }' words
	awk 'BEGIN { print length("Äpfel"), index("abc", "c"), substr("hello", 2, 3), toupper("é"), 2 ^ 31, 1 / 3, int(-3.7) }'
	awk -F'[ \t]+' '{ count[$1]++ } END { print count["Zebra"], count["apple"], ("x" in count) }' words
	awk '{ gsub(/[aeiou]/, "<&>"); print NR ": " $0 }' words
	awk 'match($0, /[0-9]+/) { print RSTART, RLENGTH }' words
	dirname /a/b/c
	basename /a/b/c.py .py
	date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %a %b %Z'
	env -i A=1 env
	nproc
	id
	pathchk /a/b
	true; echo $?
	false; echo $?
}

files() {
	mkdir -p tree/one/two
	install -m 0751 words tree/run
	install -d -m 0700 tree/private
	cp -p words tree/one/kept
	cp -R tree/one tree/copy
	ln -s ../run tree/one/link
	ln tree/run tree/one/hard
	touch -d '2001-09-09 01:46:40 UTC' tree/one/old
	chmod u=rwx,g+s,o-r tree/one
	chmod -R a+X tree/copy
	mv tree/copy tree/moved
	mkfifo -m 0600 tree/pipe
	truncate -s 70000 tree/hole
	dd if=words of=tree/cut bs=4 skip=1 count=3 2> /dev/null
	tee tree/tee < words > /dev/null
	yes | head -n 3 > tree/yes
	find tree -type f -name 'o*' -o -type l
	find tree -exec touch -h -d @1000000000 '{}' +
	find tree -printf '%p %y %m %s %n %U:%G %l\n' | sort
	ls -lnA --time-style=+%s tree/one tree
	ls
	stat -c '%n %a %F %s %Y' tree/run tree/one tree/hole
	readlink tree/one/link
	readlink -f tree/one/link
	realpath tree/moved/../run
	du -s --apparent-size tree
	rm tree/pipe
	find tree -exec touch -h -d @1000000000 '{}' +
	tar --sort=name --owner=0 --group=0 --numeric-owner -cf tree.tar tree && sha256sum < tree.tar
	tar -tvf tree.tar
	touch -t 200109090146.40 words
	tar -cf small.tar words && sha256sum < small.tar && tar -tf small.tar && tar -xOf small.tar
	gzip -9nc tree.tar | sha256sum
	bzip2 -c tree.tar | sha256sum
	xz -c tree.tar | sha256sum
	gzip -nc words | gzip -dc | cmp - words && xz -c words | xz -dc | cmp - words && bzip2 -c words | bzip2 -dc | cmp - words && echo same
	diff -u words config > words.diff
	cp words patched && patch -s patched words.diff && cmp patched config && echo patched
	rmdir tree/private
	unlink tree/cut
	rm -r tree
	ls
}

rules() {
	printf '%s\n' 'A = $(sort z b a) $(wildcard w*) $(patsubst %.o,%.c,x.o y.o)' 'ifeq ($(words $(A)),6)' 'B := six' 'endif' \
		'all: one.x two.x; @echo "$(A)|$(B)|$(or ,last)|$(shell echo said)"' '%.x: %.y; @echo "$< to $@"' '%.y: ; @echo "made $@"' \
		'fail: ; @exit 3' > rules.mk
	make -f rules.mk
	make -f rules.mk -n all
	make -f rules.mk -k fail all
	make -f rules.mk -p -r -R all MAKEFLAGS= | sed -n '/^A = /p; /^B /p; /^%/p'
	make -p -q -f /dev/null | grep -E '^(CC|CFLAGS|COMPILE\.c|LINK\.o|AR|ARFLAGS|RM|LEX|YACC|OUTPUT_OPTION|\.SUFFIXES|\.LIBPATTERNS) ?[:=]' | sort
}

# Who is asked for the machine is emulated, whoever asks.
machine() {
	uname -m
	sh -c 'uname -m'
	env uname -m
	nice uname -m
	find / -prune -exec uname -m ';'
	echo | xargs uname -m
	awk 'BEGIN { system("uname -m") }'
	printf 'all: ; @uname -m\n\t@:; uname -m\n' > machine.mk
	make -s -f machine.mk
}

# Debian's by its own name, which no other shell bears.
if command -v dash > /dev/null; then script=dash; else script=sh; fi

shell() {
	"$script" -c 'x="a b  c"; set -- $x; echo $# "$3" "${x%% *}" "${x#* }" "${y:-none}" "${#x}"; IFS=:; for p in $PATH; do echo "$p"; done'
	"$script" -c 'case abc in a[!x]c) echo matched ;; esac; printf "%s\n" "$(cd / && pwd)" ~root; echo *; echo w*; echo "a\tb"; read -r line < words; echo "$line"'
	"$script" -c 'trap "echo bye" EXIT; f() { local v=1; return 4; }; f; echo $?; (exit 7); echo $?; kill -l 15; ulimit -S -n > /dev/null && echo limits; exit 5'
	echo $?
	"$script" -c 'echo "$((1 +'
	echo $?
	"$script" -c 'cat <<-EOF
		here $((2 * 3))
	EOF
	: > new; [ -s new ] || echo empty; nosuchprogram; echo $?; . ./nosuchfile'
	echo $?
}

for name in texts numbers files rules machine shell; do
	ask "behaviour-$name" "$name"
done
unset LANG
LC_ALL=C
export LC_ALL
ask behaviour-texts-C texts
