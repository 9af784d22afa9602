# That the container is as strict as it is meant to be, and that Python lives with it.
import errno
import os
import socket
import tempfile

if os.getuid() == 0 or os.getgid() == 0:
    raise Wrong("this runs as root")
for name in ("/probe", "/usr/local/probe", "/root/probe"):
    try:
        open(name, "w").close()
    except (IOError, OSError) as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            raise
    else:
        raise Wrong("%s can be written" % name)
with open("/proc/self/status") as status:
    fields = dict(line.split(":", 1) for line in status if ":" in line)
for name in ("CapPrm", "CapEff", "CapBnd"):
    if name in fields:
        expect(name, int(fields[name], 16), 0)
with open("/proc/net/dev") as devices:
    names = sorted(line.split(":")[0].strip() for line in devices if ":" in line)
# The kernel may list tunnels that every namespace has (tunl0, sit0, ...): they lead nowhere.
routed = []
with open("/proc/net/route") as routes:
    routed = [line.split()[0] for line in routes.readlines()[1:] if line.strip()]
expect("routes", routed, [])
if "lo" not in names:
    raise Wrong("there is no loopback interface")

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.close()
handle, path = tempfile.mkstemp()
os.write(handle, b"a stranger was here")
os.close(handle)
with open(path, "rb") as written:
    expect("a temporary file", written.read(), b"a stranger was here")
os.unlink(path)
expect("the home of a stranger", os.path.expanduser("~"), os.environ.get("HOME", "~"))
report(said="uid %d, no capabilities, read-only, no network" % os.getuid())
