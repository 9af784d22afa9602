# Digests, MACs and derived keys with published answers, computed by the distribution's OpenSSL or LibreSSL; and random bytes.
import binascii
import hashlib
import hmac
import os

import _hashlib

ABC = {
    "md5": "900150983cd24fb0d6963f7d28e17f72",
    "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha224": "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    "sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
}
# Python's own, from 3.6 on: https://docs.python.org/3/whatsnew/3.6.html#hashlib
OWN = {
    "blake2b": "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    "blake2s": "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
    "sha3_256": "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
}
# Python has no code of its own for these; each TLS library in use has at least one of them.
BORROWED = {
    "sha512_256": "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
    "sm3": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    "ripemd160": "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
}


def text(data):
    return binascii.hexlify(data).decode("ascii")


for name in sorted(ABC):
    expect("where %s comes from" % name, getattr(hashlib, name), getattr(_hashlib, "openssl_" + name))
    expect(name, getattr(hashlib, name)(b"abc").hexdigest(), ABC[name])
    pieces = hashlib.new(name)
    pieces.update(b"a")
    early = pieces.copy()
    pieces.update(b"bc")
    expect(name + " in pieces", (text(pieces.digest()), early.hexdigest() == ABC[name]), (ABC[name], False))
# Above 2047 bytes hashlib lets other threads run meanwhile: another path.
expect("sha256 of a megabyte", hashlib.sha256(b"a" * 1000000).hexdigest(),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")

borrowed = []
for name in sorted(BORROWED):
    try:
        found = hashlib.new(name, b"abc")
    except ValueError:
        continue
    expect(name, found.hexdigest(), BORROWED[name])
    borrowed.append(name)
expect("algorithms of the TLS library alone", bool(borrowed), True)
try:
    hashlib.new("no-such-algorithm")
except ValueError:
    pass
else:
    raise Wrong("hashlib.new makes an algorithm that does not exist")

# RFC 2104, 4231 and 6070.
message = b"what do ya want for nothing?"
expect("HMAC-SHA-256", hmac.new(b"Jefe", message, hashlib.sha256).hexdigest(),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
expect("HMAC-MD5", hmac.new(b"Jefe", message, hashlib.md5).hexdigest(), "750c783e6ab0b503eaa86e310a5db738")
expect("compare_digest", [hmac.compare_digest(b"abc", other) for other in (b"abc", b"abd", b"ab")], [True, False, False])
expect("PBKDF2 with SHA-1", text(hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 2)), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957")
expect("PBKDF2 with SHA-256", text(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2)),
       "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43")
if hasattr(hashlib, "scrypt"):  # OpenSSL from 1.1 on, no LibreSSL; RFC 7914
    expect("scrypt", text(hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1, dklen=32)),
           "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442")
    borrowed.append("scrypt")

expect("crc32", binascii.crc32(b"123456789") & 0xFFFFFFFF, 0xCBF43926)
expect("crc_hqx", binascii.crc_hqx(b"123456789", 0), 0x31C3)
expect("base64", binascii.b2a_base64(b"\0\xff\x10proof"), b"AP8QcHJvb2Y=\n")
expect("unhexlify", binascii.unhexlify(b"00ff"), b"\0\xff")

draws = [os.urandom(32) for _ in range(8)]
expect("random bytes that repeat", len(set(draws)), 8)
# 256 bytes with fewer than 100 different values: less likely than 2 ** -100.
expect("random bytes are spread", len(set(bytearray(b"".join(draws)))) >= 100, True)

if sys.version_info >= (3, 6):
    for name in sorted(OWN):
        expect(name, getattr(hashlib, name)(b"abc").hexdigest(), OWN[name])
    expect("blake2b with a key", hashlib.blake2b(b"abc", key=b"key", digest_size=16).hexdigest(), "2cf02ae16ac225ee731f9d359d8a1c38")
    expect("shake_128", hashlib.shake_128(b"abc").hexdigest(16), "5881092dd818bf5cf8a3ddb793fbcba7")
    import secrets

    expect("tokens that repeat", len(set(secrets.token_hex(16) for _ in range(8))), 8)

report(said="%d digests, HMAC, PBKDF2; of the TLS library: %s" % (len(ABC) + len(OWN) * (sys.version_info >= (3, 6)), ", ".join(borrowed)))
