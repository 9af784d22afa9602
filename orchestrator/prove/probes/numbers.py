# Numbers are what IEEE 754 and arithmetic say: on every architecture, in both byte orders, and with the C decimal.
import array
import cmath
import decimal
import fractions
import hashlib
import math
import random
import struct

EXACT = [(0.1, "0x1.999999999999ap-4"), (1e23, "0x1.52d02c7e14af6p+76"), (5e-324, "0x0.0000000000001p-1022"),
         (1.7976931348623157e308, "0x1.fffffffffffffp+1023"), (-0.0, "-0x0.0p+0"), (2.2250738585072014e-308, "0x1.0000000000000p-1022")]


def near(what, seen, wanted):
    if abs(seen - wanted) > 4e-16 * max(abs(wanted), 1):
        raise Wrong("%s: %r, expected %r" % (what, seen, wanted))


# Floats: read, written and kept to the last bit. Where the C compiler's arithmetic does not allow it, Python gives up the short repr.
expect("how floats are written", sys.float_repr_style, "short")
expect("format of a double", float.__getformat__("double"), "IEEE, %s-endian" % sys.byteorder)
expect("format of a float", float.__getformat__("float"), "IEEE, %s-endian" % sys.byteorder)
for number, text in EXACT:
    expect("hex of %r" % number, number.hex(), text)
    expect("%s read" % text, struct.pack(">d", float.fromhex(text)), struct.pack(">d", number))
    expect("%r read from its repr" % number, struct.pack(">d", float(repr(number))), struct.pack(">d", number))
expect("0.1 + 0.2", repr(0.1 + 0.2), "0.30000000000000004")
expect("as_integer_ratio", (0.1).as_integer_ratio(), (3602879701896397, 36028797018963968))
expect("rounding half to even", ["%.0f" % n for n in (0.5, 1.5, 2.5)], ["0", "2", "2"])
expect("infinity and not-a-number", (1e308 * 10, math.isnan(float("nan")), -1e308 * 10), (float("inf"), True, -float("inf")))
expect("sqrt", math.sqrt(2), 1.4142135623730951)
near("exp", math.exp(1), 2.718281828459045)
near("sin", math.sin(1), 0.8414709848078965)
near("log", math.log(10), 2.302585092994046)
near("gamma", math.gamma(0.5), 1.772453850905516)
near("pow", math.pow(2, 0.5), 1.4142135623730951)
near("fsum", math.fsum([0.1] * 10), 1.0)
near("exp(i pi)", cmath.exp(1j * cmath.pi), -1)

# Integers of any length, whatever the size of a digit.
expect("pointer size", sys.maxsize, 2 ** (8 * struct.calcsize("P") - 1) - 1)
expect("long is as wide as a pointer", struct.calcsize("l"), struct.calcsize("P"))
expect("3 ** 4000", hashlib.sha256(str(3 ** 4000).encode("ascii")).hexdigest(),
       "67749fd7cabab50f98aa019e5dbd482dab948cacf95e5383330f994b7c2cee30")
expect("30!", math.factorial(30), 265252859812191058636308480000000)
expect("7 ** 10**18 mod 10**9+7", pow(7, 10 ** 18, 10 ** 9 + 7), 259616729)
a, b = 3 ** 500 + 12345, -(7 ** 170)
expect("divmod of long integers", divmod(a, b)[0] * b + divmod(a, b)[1], a)
expect("sign of a remainder", b < divmod(a, b)[1] <= 0, True)
expect("(a + b)(a - b)", (a + b) * (a - b), a * a - b * b)
expect("shifts", (a << 333) >> 333, a)
expect("read from decimal and hexadecimal", (int(str(a)), int("%x" % a, 16)), (a, a))
expect("a fraction", fractions.Fraction(1, 3) + fractions.Fraction(1, 6), fractions.Fraction(1, 2))

# Byte order: that of the machine is the native one everywhere.
order = {"little": "<", "big": ">"}[sys.byteorder]
expect("native byte order", struct.pack("=IhQd", 0x01020304, -2, 2 ** 63, 0.1), struct.pack(order + "IhQd", 0x01020304, -2, 2 ** 63, 0.1))
expect("byte order of the machine", struct.pack("@I", 1), struct.pack(order + "I", 1))
expect("big-endian", struct.pack(">I", 0x01020304), b"\1\2\3\4")
expect("half of a double", struct.pack(">f", 0.1), b"\x3d\xcc\xcc\xcd")
words = array.array("H", [1, 0xABCD])
words.byteswap()
expect("array.byteswap", list(words), [256, 0xCDAB])
# char has no sign on ARM, POWER and s390x; Python's signed types must have one all the same.
expect("a signed byte", (struct.unpack("b", b"\xff")[0], array.array("b", [-1])[0]), (-1, -1))

random.seed(42)
expect("random of a seed", random.random(), 0.6394267984578837)
expect("64 random bits", random.getrandbits(64), 13679192365072849617)

implementation = "decimal"
if sys.version_info >= (3,):
    import _decimal

    expect("decimal is the one in C", decimal.Decimal is _decimal.Decimal, True)
    implementation = "libmpdec " + _decimal.__libmpdec_version__
context = decimal.getcontext()
context.prec = 50
expect("1/7", str(decimal.Decimal(1) / 7), "0.14285714285714285714285714285714285714285714285714")
expect("square root of 2", str(decimal.Decimal(2).sqrt()), "1.4142135623730950488016887242096980785696718753769")
expect("e", str(decimal.Decimal(1).exp()), "2.7182818284590452353602874713526624977572470937000")
expect("that 1/7 is inexact", bool(context.flags[decimal.Inexact]), True)
cent = decimal.Decimal("0.01")
expect("rounded to cents", [str(decimal.Decimal(n).quantize(cent, rounding=decimal.ROUND_HALF_EVEN)) for n in ("2.665", "2.675")],
       ["2.66", "2.68"])
try:
    decimal.Decimal(1) / 0
except decimal.DivisionByZero:
    pass
else:
    raise Wrong("1/0 was not trapped")
with decimal.localcontext() as local:
    local.prec = 5
    local.traps[decimal.DivisionByZero] = False
    expect("1/0 untrapped", str(decimal.Decimal(1) / 0), "Infinity")
    expect("five digits", str(decimal.Decimal(2) / 3), "0.66667")
expect("precision after a local context", decimal.getcontext().prec, 50)
expect("0.1 exactly", str(decimal.Decimal(0.1)), "0.1000000000000000055511151231257827021181583404541015625")

digit = (sys.int_info if sys.version_info >= (3,) else sys.long_info).bits_per_digit
report(said="%d-bit, %s-endian, digits of %d bits, %s" % (8 * struct.calcsize("P"), sys.byteorder, digit, implementation))
