# zlib, bz2 and lzma: bytes that others compressed are read, own ones come back whole and in pieces, damaged ones are refused.
# The C libraries alone can do any of it: the standard library has no fallback for these three.
import binascii
import bz2
import io
import tarfile
import zlib

TEXT = b"proof of a round trip\n" * 4
# What zlib 1.2.13, bzip2 1.0.8 and xz 5.4 make of TEXT.
ELSEWHERE = {
    "zlib": "78da2b28cacf4f5300a24485a2fcd2bc148592a2cc02ae028a450179471f35",
    "bz2": "425a68393141592653593443ea9c000021d180001040002521d60020005081a06805540d064e903441070e8f1468c9912"
    "49451b1b3e2ee48a70a1206887d5380",
    "lzma": "fd377a585a000004e6d6b4460200210116000000742fe5a3e00057001b5d00381c8a34dc1465f48b02d81ddaf055c08bdcd689"
    "51a81af3cc580000004cdd14ef2bfe19e800013758d9cc31d51fb6f37d010000000004595a",
}
# Lines that compress well, then noise that does not, so that the pieces below end anywhere in a block.
NOISE = bytearray((n * n * 7919 >> 5) & 255 for n in range(5000))
DATA = b"".join(("line %d of a text that repeats itself\n" % n).encode("ascii") for n in range(1500)) + bytes(NOISE)


def pieces(data, size=1000):
    return [data[start:start + size] for start in range(0, len(data), size)]


def check(name, compressor, decompressor, decompress, damage):
    expect(name + " of another's bytes", decompress(binascii.unhexlify(ELSEWHERE[name])), TEXT)
    write = compressor()
    packed = b"".join([write.compress(piece) for piece in pieces(DATA)] + [write.flush()])
    expect(name + " makes it smaller", len(packed) < len(DATA) // 2, True)
    expect(name + " round trip", decompress(packed), DATA)
    read = decompressor()
    unpacked = b"".join(read.decompress(piece) for piece in pieces(packed + b"behind the end", 700))
    expect(name + " in pieces", unpacked, DATA)
    expect(name + " knows where its stream ends", read.unused_data[-3:], b"end")
    hurt = bytearray(packed)
    hurt[len(hurt) // 2] ^= 0x10
    refused(name + " with a flipped bit", damage, decompress, bytes(hurt))
    refused(name + " cut short", damage, decompress, packed[:-9])


expect("zlib at run time", getattr(zlib, "ZLIB_RUNTIME_VERSION", zlib.ZLIB_VERSION)[:2], zlib.ZLIB_VERSION[:2])
expect("crc32", zlib.crc32(b"123456789") & 0xFFFFFFFF, 0xCBF43926)
expect("adler32", zlib.adler32(b"123456789") & 0xFFFFFFFF, 0x091E01DE)
expect("crc32 in two steps", zlib.crc32(DATA[777:], zlib.crc32(DATA[:777])), zlib.crc32(DATA))
check("zlib", zlib.compressobj, zlib.decompressobj, zlib.decompress, zlib.error)
check("bz2", bz2.BZ2Compressor, bz2.BZ2Decompressor, bz2.decompress, (IOError, ValueError, EOFError))
formats = ["zlib " + getattr(zlib, "ZLIB_RUNTIME_VERSION", zlib.ZLIB_VERSION), "bz2"]
modes = ["gz", "bz2"]
if sys.version_info >= (3,):
    import lzma

    check("lzma", lzma.LZMACompressor, lzma.LZMADecompressor, lzma.decompress, (lzma.LZMAError, EOFError))
    # The legacy container, and the check that only a full liblzma has.
    expect(".lzma", lzma.decompress(lzma.compress(TEXT, format=lzma.FORMAT_ALONE)), TEXT)
    expect("xz with SHA-256", lzma.is_check_supported(lzma.CHECK_SHA256), True)
    formats.append("lzma")
    modes.append("xz")

for mode in modes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:" + mode) as archive:
        member = tarfile.TarInfo("a/deep/name.txt")
        member.size, member.mode, member.mtime = len(DATA), 0o640, 1234567890
        archive.addfile(member, io.BytesIO(DATA))
    path = "/tmp/compression.tar." + mode
    with io.open(path, "wb") as file:
        file.write(packed.getvalue())
    with tarfile.open(path, "r:*") as archive:
        member = archive.next()
        expect("member of .tar." + mode, (member.name, member.mode, member.mtime), ("a/deep/name.txt", 0o640, 1234567890))
        expect("content of .tar." + mode, archive.extractfile(member).read(), DATA)

report(said="%s and .tar.%s round trips; damage is refused" % (", ".join(formats), "/".join(modes)))
