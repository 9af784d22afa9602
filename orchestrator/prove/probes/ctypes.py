# ctypes: libffi calls C and is called by it, with the sizes, the alignment and the byte order that C has on this architecture.
# Every kind of argument goes through a closure as well as through a call: they are different code in libffi, per architecture.
import ctypes
import errno
import struct

libc = ctypes.CDLL(None, use_errno=True)


class Collected(object):
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


# Calls without a declared type, with one, with pointers into our memory.
expect("abs", libc.abs(-7), 7)
libc.strlen.restype, libc.strlen.argtypes = ctypes.c_size_t, [ctypes.c_char_p]
expect("strlen", libc.strlen(b"a" * 1000), 1000)
libc.strtod.restype, libc.strtod.argtypes = ctypes.c_double, [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
rest = ctypes.c_char_p()
expect("strtod", libc.strtod(b"-2.5e3 apples", ctypes.byref(rest)), -2500.0)
expect("the pointer that strtod sets", rest.value, b" apples")
libc.llabs.restype, libc.llabs.argtypes = ctypes.c_longlong, [ctypes.c_longlong]
expect("llabs", libc.llabs(-(2 ** 62) - 1), 2 ** 62 + 1)
try:
    libc.strlen(1.5)
except ctypes.ArgumentError:
    pass
else:
    raise Wrong("strlen(1.5) was not refused")
try:
    libc.there_is_no_such_function
except AttributeError:
    pass
else:
    raise Wrong("libc has a function that does not exist")


class Quotient(ctypes.Structure):
    _fields_ = [("quot", ctypes.c_int), ("rem", ctypes.c_int)]


# A structure by value, in a register or through memory, as the ABI has it.
libc.div.restype, libc.div.argtypes = Quotient, [ctypes.c_int, ctypes.c_int]
answer = libc.div(-17, 5)
expect("div", (answer.quot, answer.rem), (-3, -2))

# errno is a copy per thread that ctypes keeps apart from Python's own calls.
ctypes.set_errno(0)
expect("close(-1)", libc.close(-1), -1)
expect("errno of close(-1)", ctypes.get_errno(), errno.EBADF)

# C calls Python many times, which calls it with pointers into an array.
Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
calls = []


def compare(a, b):
    calls.append((a[0], b[0]))
    return (a[0] > b[0]) - (a[0] < b[0])


numbers = [(n * 7919) % 101 - 50 for n in range(40)]
array = (ctypes.c_int * len(numbers))(*numbers)
libc.qsort.restype = None
libc.qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, Compare]
libc.qsort(array, len(array), ctypes.sizeof(ctypes.c_int), Compare(compare))
expect("qsort", list(array), sorted(numbers))
expect("qsort called back", len(calls) >= len(numbers) - 1, True)

# Enough arguments of each class that some go on the stack.
KINDS = [ctypes.c_double, ctypes.c_int, ctypes.c_longlong, ctypes.c_float, ctypes.c_short] * 4 + [ctypes.c_void_p, ctypes.c_ubyte]
VALUES = [n * 0.5 if kind in (ctypes.c_double, ctypes.c_float) else n * -3 for n, kind in enumerate(KINDS[:-2])] + [4096, 255]
seen = []
Wide = ctypes.CFUNCTYPE(ctypes.c_double, *KINDS)


def wide(*arguments):
    seen.append(list(arguments))
    return -0.125


expect("result of a wide callback", Wide(wide)(*VALUES), -0.125)
expect("arguments of a wide callback", seen, [VALUES])
Long = ctypes.CFUNCTYPE(ctypes.c_longlong, ctypes.c_longlong)
expect("64 bits through a callback", Long(lambda n: n + 1)(2 ** 62), 2 ** 62 + 1)

# What a callback raises cannot go through C: it is printed, C gets any number, and Python goes on.
printed, kept = Collected(), sys.stderr
sys.stderr = printed
try:
    ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1 // 0)()
finally:
    sys.stderr = kept
expect("what a callback raises is printed", "ZeroDivisionError" in printed.text, True)

# `struct` took sizes and alignment from the C compiler, ctypes has them from libffi: they must agree.
for code, kind in (("b", "c_byte"), ("h", "c_short"), ("i", "c_int"), ("l", "c_long"), ("q", "c_longlong"), ("f", "c_float"),
                   ("d", "c_double"), ("P", "c_void_p")):
    kind = getattr(ctypes, kind)
    expect("size of " + kind.__name__, ctypes.sizeof(kind), struct.calcsize(code))
    expect("alignment of " + kind.__name__, ctypes.alignment(kind), struct.calcsize("b" + code) - struct.calcsize(code))
expect("size of wchar_t", ctypes.sizeof(ctypes.c_wchar), 4)


class Mixed(ctypes.Structure):
    _fields_ = [("a", ctypes.c_byte), ("b", ctypes.c_double), ("c", ctypes.c_short), ("d", ctypes.c_void_p), ("e", ctypes.c_byte)]


mixed = Mixed(1, 2.5, -3, 4096, 5)
layout = "@bdhPb0P0d"
expect("size of a structure", ctypes.sizeof(Mixed), struct.calcsize(layout))
raw = ctypes.string_at(ctypes.addressof(mixed), ctypes.sizeof(mixed))
expect("bytes of a structure", raw, struct.pack(layout, 1, 2.5, -3, 4096, 5))
expect("a structure read back", Mixed.from_buffer_copy(raw).b, 2.5)


class Bits(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint, 3), ("b", ctypes.c_uint, 5), ("c", ctypes.c_uint, 24)]


bits = Bits(5, 17, 0xABCDEF)
expect("bit fields", (bits.a, bits.b, bits.c), (5, 17, 0xABCDEF))
# C gives out bits from the lowest on little-endian machines, from the highest on big-endian ones.
word = 5 | 17 << 3 | 0xABCDEF << 8 if sys.byteorder == "little" else 5 << 29 | 17 << 24 | 0xABCDEF
expect("bytes of bit fields", ctypes.string_at(ctypes.addressof(bits), ctypes.sizeof(bits)), struct.pack("@I", word))

for kind, code in ((ctypes.BigEndianStructure, ">I"), (ctypes.LittleEndianStructure, "<I")):
    Ordered = type(kind)("Ordered", (kind,), {"_fields_": [("word", ctypes.c_uint32)]})
    word = Ordered(0x01020304)
    expect("bytes of " + kind.__name__, ctypes.string_at(ctypes.addressof(word), 4), struct.pack(code, 0x01020304))


class Either(ctypes.Union):
    _fields_ = [("whole", ctypes.c_uint32), ("parts", ctypes.c_ubyte * 4)]


expect("a union", list(Either(0x01020304).parts), [1, 2, 3, 4] if sys.byteorder == "big" else [4, 3, 2, 1])


class Node(ctypes.Structure):
    pass


Node._fields_ = [("value", ctypes.c_int), ("next", ctypes.POINTER(Node))]
last = Node(2, None)
first = Node(1, ctypes.pointer(last))
expect("along a pointer", (first.next.contents.value, bool(last.next)), (2, False))
first.next[0].value = 3
expect("written through a pointer", last.value, 3)
buffer = ctypes.create_string_buffer(16)
ctypes.memmove(buffer, b"moved", 5)
expect("memmove", buffer.value, b"moved")

report(said="libffi calls and callbacks, %d-bit pointers, %s-endian structures" % (ctypes.sizeof(ctypes.c_void_p) * 8, sys.byteorder))
