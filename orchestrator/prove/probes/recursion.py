# In a thread, recursion ends in an exception at the interpreter's limit, never in a crash: the thread's stack must be large enough for
# a thousand calls. musl gives a thread 80 kB (128 kB from 1.2 on) unless Python asks for more, which it does when it
# is built with THREAD_STACK_SIZE. https://bugs.python.org/issue32307
# Each way down is announced on stderr: when the process dies, the last line names the culprit.
import functools
import glob
import re
import threading

if sys.version_info >= (3,):
    import pickle
else:
    import cPickle as pickle

MUSL = bool(glob.glob("/lib/ld-musl-*"))
LIMIT = sys.getrecursionlimit()
expect("the default limit", LIMIT, 1000)
expect("the stack size was not set by anybody", threading.stack_size(), 0)
deepest = [0]


def count(depth):
    deepest[0] = max(deepest[0], depth)


def call(depth=1):
    count(depth)
    return call(depth + 1)


def keyword_call(depth=1, *arguments, **keywords):
    count(depth)
    return keyword_call(depth + 1, *arguments, **keywords)


class Missing(object):
    depth = 0

    def __getattr__(self, name):
        Missing.depth += 1
        count(Missing.depth)
        return getattr(self, name)


class Made(object):
    def __init__(self, depth=1):
        count(depth)
        Made(depth + 1)


class Shown(object):
    depth = 0

    def __repr__(self):
        Shown.depth += 1
        count(Shown.depth)
        return "%r" % ([self],)


def through_sorted(depth=1):
    count(depth)
    return sorted([1], key=lambda _: through_sorted(depth + 1))


def through_reduce(depth=1):
    count(depth)
    return functools.reduce(lambda a, b: through_reduce(depth + 1), [1, 2])


def through_map(depth=1):
    count(depth)
    return list(map(through_map, [depth + 1]))


def through_sub(depth=1):
    count(depth)
    return re.sub("a", lambda _: through_sub(depth + 1), "a")


def through_eval(depth=1):
    count(depth)
    return eval("through_eval(depth + 1)")


def nested(depth):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


# In C, from level to level without any Python in between: it reaches half the limit, and is stopped beyond it.
def in_c(shallow, deep):
    def way():
        shallow(LIMIT // 4)
        count(LIMIT // 4)
        return deep(100 * LIMIT)

    return way


WAYS = [
    ("calls", call),
    ("calls with keywords", keyword_call),
    ("__getattr__", lambda: Missing().anything),
    ("__init__", Made),
    ("__repr__", lambda: repr(Shown())),
    ("reduce", through_reduce),
    ("repr of lists", in_c(lambda depth: repr(nested(depth)), lambda depth: repr(nested(depth)))),
    ("comparing lists", in_c(lambda depth: nested(depth) == nested(depth), lambda depth: nested(depth) == nested(depth))),
    ("pickle", in_c(lambda depth: pickle.dumps(nested(depth), 2), lambda depth: pickle.dumps(nested(depth), 2))),
    ("json", in_c(lambda depth: json.loads("[" * depth + "]" * depth), lambda depth: json.loads("[" * depth + "]" * depth))),
]
# The ways above need 0.7 MB at most on amd64, by measurement; these need 0.9 to 1.6 MB, depending on the version. That is more than
# THREAD_STACK_SIZE=0x100000 gives on musl: there, they crash as they do in the official images. glibc gives what `ulimit -s` says, 8 MB.
COSTLY = [("sorted's key", through_sorted), ("map", through_map), ("re.sub", through_sub), ("eval", through_eval)]
if not MUSL:
    WAYS += COSTLY
ended = {}


def descend(name, way):
    try:
        way()
    except RuntimeError as error:  # RecursionError from 3.5 on
        ended[name] = str(error)
    except BaseException as error:
        ended[name] = "%s: %s" % (type(error).__name__, error)
    else:
        ended[name] = "an end without an exception"


depths = {}
for name, way in WAYS:
    sys.stderr.write("a thread that recurses through %s\n" % name)
    sys.stderr.flush()
    deepest[0] = 0
    thread = threading.Thread(target=descend, args=(name, way))
    thread.start()
    thread.join()
    depths[name] = deepest[0]
    expect("how recursion through %s ended" % name, ended.get(name, "")[:32], "maximum recursion depth exceeded")
    # A level of a way through C counts several times, in some versions four.
    expect("levels through %s (%d): enough" % (name, depths[name]), depths[name] >= LIMIT // 8, True)
expect("levels of plain calls (%d): almost the limit" % depths["calls"], depths["calls"] > LIMIT - 50, True)
sys.stderr.write("after all threads\n")
report(said="%d ways down in a thread end in an exception, calls after %d" % (len(WAYS), depths["calls"]))
