# LANG=C.UTF-8 is in the image so that text is UTF-8 for Python everywhere: files, arguments, pipes. https://bugs.python.org/issue19846
import codecs
import io
import locale
import os
import re
import shutil
import subprocess
import unicodedata

NAME = u"caf\u00e9 \u4e2d\u6587 \U0001f40d"
CODECS = [
    ("gb18030", u"\u4e2d\u6587\U0001f40d", b"\xd6\xd0\xce\xc4\x949\xca7"),
    ("gb2312", u"\u4e2d\u6587", b"\xd6\xd0\xce\xc4"),
    ("big5", u"\u4e2d\u6587", b"\xa4\xa4\xa4\xe5"),
    ("big5hkscs", u"\u4e2d\u6587", b"\xa4\xa4\xa4\xe5"),
    ("shift_jis", u"\u65e5\u672c", b"\x93\xfa\x96\x7b"),
    ("euc_jp", u"\u65e5\u672c", b"\xc6\xfc\xcb\xdc"),
    ("iso2022_jp", u"\u65e5\u672c", b"\x1b$BF|K\\\x1b(B"),
    ("euc_kr", u"\ud55c\uad6d", b"\xc7\xd1\xb1\xb9"),
    ("cp949", u"\ud55c\uad6d", b"\xc7\xd1\xb1\xb9"),
    ("koi8_r", u"\u043c\u0438\u0440", b"\xcd\xc9\xd2"),
    ("cp1252", u"\u20ac", b"\x80"),
    ("punycode", u"b\u00fccher", b"bcher-kva"),
    ("idna", u"b\u00fccher.test", b"xn--bcher-kva.test"),
    ("utf-8", NAME[-1:], b"\xf0\x9f\x90\x8d"),
    ("utf-16-be", NAME[-1:], b"\xd8\x3d\xdc\x0d"),
]
python3 = sys.version_info >= (3,)


def codec(name):
    return codecs.lookup(name).name if name else "none"


expect("LANG", os.environ.get("LANG"), "C.UTF-8")
expect("LC_ALL", os.environ.get("LC_ALL"), None)
chosen = locale.setlocale(locale.LC_ALL, "")
expect("the locale (%s)" % chosen, "UTF-8" in chosen, True)
expect("character set of the locale", codec(locale.nl_langinfo(locale.CODESET)), "utf-8")
expect("preferred encoding", codec(locale.getpreferredencoding()), "utf-8")
expect("encoding of file names", codec(sys.getfilesystemencoding()), "utf-8")
expect("stdout is a pipe here", sys.stdout.isatty(), False)
# 2.7 knows no encoding for a pipe by itself: PYTHONIOENCODING=UTF-8 in the image tells it.
expect("encoding of stdout", codec(sys.stdout.encoding), "utf-8")
expect("encoding of stdin", codec(sys.stdin.encoding), "utf-8")
# --enable-unicode=ucs4 in 2.7, without which this is a narrow build that no wheel of Linux fits; always so from 3.3 on.
expect("the largest code point", sys.maxunicode, 0x10FFFF)
expect("length of a character beyond the first plane", len(NAME[-1:]), 1)

folder = u"/tmp/text-proof"
shutil.rmtree(str(folder), ignore_errors=True)
os.mkdir(folder)
path = os.path.join(folder, NAME)
with io.open(path, "w", encoding="utf-8") as file:
    file.write(NAME)
expect("a file's name", os.listdir(folder), [NAME])
expect("its bytes", os.listdir(folder.encode("ascii")), [NAME.encode("utf-8")])
with io.open(path, "rb") as file:
    expect("a file's content", file.read(), NAME.encode("utf-8"))
if python3:
    with open(path) as file:
        expect("content read without naming an encoding", file.read(), NAME)
    with open(os.path.join(folder.encode("ascii"), b"\xff"), "w"):
        pass
    expect("a name that is not UTF-8", sorted(os.listdir(folder))[-1], u"\udcff")
    expect("its bytes", os.fsencode(u"\udcff"), b"\xff")

ECHO = """
import os, sys
said = sys.argv[1] + "/" + os.environ["PROOF"] + "/" + sys.stdin.readline()
sys.stdout.write(said if sys.version_info >= (3,) else said.decode("utf-8").encode("utf-8"))
"""
word = NAME if python3 else NAME.encode("utf-8")
child = subprocess.Popen([sys.executable, "-c", ECHO, word], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         env=dict(os.environ, PROOF=word))
out = child.communicate(NAME.encode("utf-8"))[0]
expect("an argument, a variable and a line", out.decode("utf-8"), u"/".join([NAME] * 3))
PRINT = "import sys; sys.stdout.write(u'\\u00e9\\u4e2d')"
child = subprocess.Popen([sys.executable, "-c", PRINT], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
expect("text printed into a pipe", child.communicate()[0], u"\u00e9\u4e2d".encode("utf-8"))
# The child can be told another encoding, so the one above was told and is not fixed.
child = subprocess.Popen([sys.executable, "-c", PRINT], stdout=subprocess.PIPE, env=dict(os.environ, PYTHONIOENCODING="gb18030"))
expect("text printed in another encoding", child.communicate()[0], u"\u00e9\u4e2d".encode("gb18030"))

for name, text, encoded in CODECS:
    expect("to " + name, text.encode(name), encoded)
    expect("from " + name, encoded.decode(name), text)
pieces = codecs.getincrementaldecoder("gb18030")()
expect("gb18030 byte by byte", u"".join(pieces.decode(CODECS[0][2][n:n + 1]) for n in range(8)), CODECS[0][1])
try:
    b"\xff\xfe".decode("utf-8")
except UnicodeDecodeError:
    pass
else:
    raise Wrong("bytes that are not UTF-8 were decoded")
expect("UTF-16 with a mark", u"a".encode("utf-16"), b"\xff\xfea\0" if sys.byteorder == "little" else b"\xfe\xff\0a")

expect("a character's name", unicodedata.name(u"\u00e9"), "LATIN SMALL LETTER E WITH ACUTE")
expect("a name's character", unicodedata.lookup("GREEK SMALL LETTER ALPHA"), u"\u03b1")
expect("taken apart", unicodedata.normalize("NFD", u"\u00e9\ud55c"), u"e\u0301\u1112\u1161\u11ab")
expect("put together", unicodedata.normalize("NFC", u"e\u0301\u1112\u1161\u11ab"), u"\u00e9\ud55c")
expect("compatible forms", unicodedata.normalize("NFKC", u"\ufb01\u00b2\uff21"), u"fi2A")
expect("category and width", (unicodedata.category(u"\u4e2d"), unicodedata.east_asian_width(u"\u4e2d")), ("Lo", "W"))
expect("a numeric value", unicodedata.numeric(u"\u00bd"), 0.5)
expect("case", (u"\u00e9\u0434".upper(), u"\u0130".lower()[:1]), (u"\u00c9\u0414", u"i"))
expect("words", re.findall(u"\\w+", NAME, re.UNICODE), [u"caf\u00e9", u"\u4e2d\u6587"])

about = (chosen.split(";")[0], unicodedata.unidata_version, len(CODECS))
report(said="UTF-8 in files, arguments and pipes, locale %s, Unicode %s, %d codecs" % about)
