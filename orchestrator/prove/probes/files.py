# Files: beyond 4 GiB (on 32-bit architectures too), mapped into memory, locked, linked, renamed, with times finer than a second.
import errno
import fcntl
import glob
import io
import mmap
import os
import shutil
import stat
import struct
import tempfile
import termios
import zipfile
import zlib

HOME = "/tmp/files-proof"
FAR = 5 << 30
python3 = sys.version_info >= (3,)


def write(name, data):
    with io.open(name, "wb") as file:
        file.write(data)


def read(name):
    with io.open(name, "rb") as file:
        return file.read()


shutil.rmtree(HOME, ignore_errors=True)
os.mkdir(HOME)
os.chdir(HOME)
expect("current directory", os.getcwd(), HOME)

# A file of 5 GiB that is all hole but for its ends; needs off_t of 64 bits.
with io.open("far", "w+b") as file:
    file.write(b"start")
    expect("a far position", file.seek(FAR), FAR)
    file.write(b"far away")
    file.flush()
    expect("where it ends", (file.tell(), os.fstat(file.fileno()).st_size), (FAR + 8, FAR + 8))
    expect("blocks of a file that is mostly hole", os.fstat(file.fileno()).st_blocks < 1000, True)
    file.seek(FAR + 4)
    expect("what is far away", file.read(), b"away")
    file.seek(0)
    expect("what is at the start", file.read(6), b"start\0")
    if python3 or sys.maxsize > FAR:  # 2.7 reads the offset into a size_t
        page = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ, offset=FAR)
        expect("what is far away, mapped", page[:], b"far away")
        page.close()
    file.truncate(FAR - 1)
    expect("size once cut", os.path.getsize("far"), FAR - 1)
os.remove("far")
expect("a file that is removed", os.path.exists("far"), False)

# Mapped into memory, both ways.
write("mapped", b"a" * 10000)
with io.open("mapped", "r+b") as file:
    page = mmap.mmap(file.fileno(), 0)
    page[5000:5005] = b"proof"
    expect("found in memory", page.find(b"proof"), 5000)
    page.flush()
    page.close()
expect("written through memory", read("mapped")[4999:5006], b"aproofa")
shared = mmap.mmap(-1, 4096)
pid = os.fork()
if pid == 0:
    shared[:5] = b"child"
    os._exit(0)
os.waitpid(pid, 0)
expect("memory that a child writes", shared[:5], b"child")
shared.close()

# Times, modes, sizes.
if python3:
    os.utime("mapped", ns=(1234567890123456789, 1234567891987654321))
    seen = os.stat("mapped")
    expect("nanoseconds", (seen.st_atime_ns, seen.st_mtime_ns), (1234567890123456789, 1234567891987654321))
else:
    os.utime("mapped", (1234567890.25, 1234567891.5))
    expect("parts of a second", (os.stat("mapped").st_atime, os.stat("mapped").st_mtime), (1234567890.25, 1234567891.5))
os.chmod("mapped", 0o640)
seen = os.stat("mapped")
expect("mode, size and owner", (stat.S_IMODE(seen.st_mode), seen.st_size, seen.st_uid), (0o640, 10000, os.getuid()))
expect("a regular file, writable, not executable", (stat.S_ISREG(seen.st_mode), os.access("mapped", os.W_OK)), (True, True))
expect("what does not exist", refused("stat", OSError, os.stat, "nothing").errno, errno.ENOENT)

# Names.
write("one", b"1")
write("two", b"2")
getattr(os, "replace", os.rename)("one", "two")
expect("what was replaced", (read("two"), os.path.exists("one")), (b"1", False))
os.symlink("two", "link")
expect("a link", (os.readlink("link"), os.path.islink("link"), read("link"), os.path.realpath("link")), ("two", True, b"1", HOME + "/two"))
os.link("two", "twin")
expect("names of one file", (os.stat("two").st_nlink, os.path.samefile("two", "twin")), (2, True))
os.symlink("nowhere", "dangling")
expect("a link to nothing", (os.path.exists("dangling"), os.path.lexists("dangling")), (False, True))
os.makedirs("deep/er/still")
write("deep/er/a.txt", b"a")
write("deep/er/still/b.txt", b"b")
expect("glob", sorted(glob.glob("deep/*/*.t?t")), ["deep/er/a.txt"])
expect("walk", sorted(sum((files for _, _, files in os.walk("deep")), [])), ["a.txt", "b.txt"])
shutil.copytree("deep", "copy")
expect("a copied tree", read("copy/er/still/b.txt"), b"b")
refused("removing a directory that is not empty", OSError, os.rmdir, "copy")
shutil.rmtree("copy")
if sys.version_info >= (3, 5):
    expect("scandir", sorted((entry.name, entry.is_dir()) for entry in os.scandir("deep/er")), [("a.txt", False), ("still", True)])

# Temporary ones, where the image has room for them.
expect("where temporary files go", tempfile.gettempdir(), "/tmp")
with tempfile.NamedTemporaryFile() as file:
    name = file.name
    file.write(b"x")
    file.flush()
    expect("a temporary file and its mode", (os.path.getsize(name), stat.S_IMODE(os.stat(name).st_mode)), (1, 0o600))
expect("a temporary file afterwards", os.path.exists(name), False)
folder = tempfile.mkdtemp()
expect("mode of a temporary directory", stat.S_IMODE(os.stat(folder).st_mode), 0o700)
os.rmdir(folder)


# Locks: another process must not get what this one holds, and gets it afterwards.
def another_gets(lock):
    pid = os.fork()
    if pid == 0:
        status = 9
        try:
            with io.open("locked", "r+b") as file:
                lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = 1
        except (IOError, OSError) as error:
            status = 0 if error.errno in (errno.EAGAIN, errno.EACCES) else 8
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] >> 8


write("locked", b"")
for lock in (fcntl.flock, fcntl.lockf):
    with io.open("locked", "r+b") as file:
        lock(file, fcntl.LOCK_EX)
        expect("another process gets a lock of " + lock.__name__, another_gets(lock), 0)
        lock(file, fcntl.LOCK_UN)
        expect("another process gets a lock that was freed", another_gets(lock), 1)
with io.open("locked", "rb") as file:
    flags = fcntl.fcntl(file, fcntl.F_GETFD)
    fcntl.fcntl(file, fcntl.F_SETFD, flags | fcntl.FD_CLOEXEC)
    expect("close-on-exec", fcntl.fcntl(file, fcntl.F_GETFD) & fcntl.FD_CLOEXEC, fcntl.FD_CLOEXEC)
ours, theirs = os.pipe()
os.write(theirs, b"seven b")
waiting = fcntl.ioctl(ours, termios.FIONREAD, struct.pack("i", 0))
expect("bytes that wait in a pipe", struct.unpack("i", waiting)[0], 7)
os.close(ours)
os.close(theirs)

# Archives that others can read, and that are refused once damaged.
with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write("mapped", u"inside/caf\u00e9")
    archive.writestr("text", b"text " * 500)
with zipfile.ZipFile("archive.zip") as archive:
    expect("members that are damaged", archive.testzip(), None)
    expect("members", archive.namelist(), [u"inside/caf\u00e9", "text"])
    expect("a member", archive.read(u"inside/caf\u00e9"), read("mapped"))
    packed = archive.getinfo("text")
    expect("a member is compressed", packed.compress_size < packed.file_size // 10, True)
data = bytearray(read("archive.zip"))
data[packed.header_offset + 30 + len("text") + packed.compress_size // 2] ^= 0xFF
write("damaged.zip", bytes(data))
refused("a damaged archive", (zipfile.BadZipfile, zlib.error), lambda: zipfile.ZipFile("damaged.zip").read("text"))

os.chdir("/tmp")
shutil.rmtree(HOME)
report(said="a file of %d GiB, memory maps, locks, links, archives" % (FAR >> 30))
