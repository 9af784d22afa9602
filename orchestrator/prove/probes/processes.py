# Programs are started, fed, read, waited for and killed; signals arrive.
import errno
import os
import signal
import subprocess
import tempfile
import time

SH = "/bin/sh"
PIPE = subprocess.PIPE


def python(source, *arguments, **more):
    return subprocess.Popen([sys.executable, "-c", source] + list(arguments), **more)


# More than any pipe holds, both ways and on both outputs at once: a wrong turn hangs here.
LOUD = """
import sys
stdin, stdout, stderr = (getattr(stream, "buffer", stream) for stream in (sys.stdin, sys.stdout, sys.stderr))
data = stdin.read()
for start in range(0, len(data), 1000):
    stdout.write(data[start:start + 1000])
    stderr.write(data[start:start + 1000][::-1])
"""
data = bytes(bytearray(n * 31 & 255 for n in range(200000)))
child = python(LOUD, stdin=PIPE, stdout=PIPE, stderr=PIPE)
out, err = child.communicate(data)
expect("status", child.returncode, 0)
expect("200 kB through stdin and stdout", out == data, True)
expect("200 kB through stderr", err == b"".join(data[start:start + 1000][::-1] for start in range(0, len(data), 1000)), True)

# How a program ends.
expect("exit status", subprocess.call([SH, "-c", "exit 7"]), 7)
expect("exit status of a shell command", subprocess.call("exit 9", shell=True), 9)
expect("a program that a signal ends", subprocess.call([SH, "-c", "kill -TERM $$"]), -15)
child = subprocess.Popen([SH, "-c", "read line"], stdin=PIPE)
expect("a running program has no status", child.poll(), None)
child.terminate()
expect("a program that is terminated", child.wait(), -15)
child.stdin.close()
child = subprocess.Popen([SH, "-c", "trap '' TERM; read line"], stdin=PIPE)
child.kill()
expect("a program that is killed", child.wait(), -9)
child.stdin.close()
error = refused("a status of 3", subprocess.CalledProcessError, subprocess.check_output, [SH, "-c", "echo said; exit 3"])
expect("what it carries", (error.returncode, error.output), (3, b"said\n"))
error = refused("a program that does not exist", OSError, subprocess.call, ["/tmp/no-such-program"])
expect("why", error.errno, errno.ENOENT)
expect("no child is left", refused("waiting without children", OSError, os.wait).errno, errno.ECHILD)

# What a program is given.
expect("shell", subprocess.check_output("echo $((6 * 7)); echo two", shell=True), b"42\ntwo\n")
expect("a pipeline", subprocess.check_output("printf 'b\\na\\n' | while read x; do echo \"<$x>\"; done", shell=True), b"<b>\n<a>\n")
expect("environment", subprocess.check_output([SH, "-c", 'echo "$PROOF/$LANG"'], env={"PROOF": "a b"}), b"a b/\n")
expect("directory", subprocess.check_output([SH, "-c", "pwd"], cwd="/tmp"), b"/tmp\n")
expect("stderr into stdout", subprocess.check_output([SH, "-c", "echo err >&2; echo out"], stderr=subprocess.STDOUT), b"err\nout\n")
child = subprocess.Popen([SH, "-c", "read line"], stdin=PIPE, preexec_fn=os.setsid)
expect("a session of its own", (os.getsid(child.pid), os.getpgid(child.pid)), (child.pid, child.pid))
os.killpg(child.pid, signal.SIGKILL)
expect("a killed group", child.wait(), -9)
child.stdin.close()
with tempfile.TemporaryFile() as file:
    subprocess.check_call([SH, "-c", "echo to a file"], stdout=file)
    file.seek(0)
    expect("a file as stdout", file.read(), b"to a file\n")

# Only what is meant to be is inherited; the first child shows that the second one could have been.
STAT = "import os, sys\ntry:\n    os.fstat(int(sys.argv[1]))\nexcept OSError:\n    sys.exit(4)"
ours, theirs = os.pipe()
if sys.version_info >= (3,):
    os.set_inheritable(theirs, True)
expect("a file that is inherited", python(STAT, str(theirs), close_fds=False).wait(), 0)
expect("a file that is not", python(STAT, str(theirs), close_fds=True).wait(), 4)
os.close(ours)
os.close(theirs)

if sys.version_info >= (3,):
    child = subprocess.Popen([SH, "-c", "read line; exit 5"], stdin=PIPE)
    refused("waiting for ever", subprocess.TimeoutExpired, child.wait, timeout=0.05)
    child.communicate(b"go on\n", timeout=60)
    expect("status after a timeout", child.returncode, 5)
    ours, theirs = os.pipe()
    refused("a program that hangs", subprocess.TimeoutExpired, subprocess.check_output, [SH, "-c", "read line"], stdin=ours, timeout=0.05)
    expect("no child is left", refused("waiting without children", OSError, os.wait).errno, errno.ECHILD)
    os.close(ours)
    os.close(theirs)

# Signals: to a handler, and from a timer into a system call.
received = []
signal.signal(signal.SIGUSR1, lambda number, frame: received.append(number))
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(0.01)
expect("a signal", received, [signal.SIGUSR1])


class Alarm(Exception):
    pass


def ring(number, frame):
    raise Alarm()


signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.05)
started = time.time()
refused("sleeping for 30 seconds", Alarm, time.sleep, 30)
expect("the alarm rang in time", time.time() - started < 20, True)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
expect("the default of SIGPIPE", signal.getsignal(signal.SIGPIPE), signal.SIG_IGN)
expect("a child's SIGPIPE is not ignored", subprocess.call([SH, "-c", "kill -PIPE $$"],
                                                          preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL)), -13)

report(said="pipes, statuses, signals and %d kB through a child" % (len(data) // 1000))
