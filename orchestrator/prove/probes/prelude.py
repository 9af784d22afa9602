# Comes before every probe. Probes run on Python 2.7 and 3.4 up with the standard library alone; each says what it saw in one line of
# JSON. What it has to insist on itself it raises; the last line of the traceback is then what people read.
import json
import sys


class Wrong(Exception):
    pass


def expect(what, seen, wanted):
    if seen != wanted:
        raise Wrong("%s: %.200r, expected %.200r" % (what, seen, wanted))


def refused(what, kinds, act, *arguments, **more):
    # Something has to fail in one of these ways; gives the error.
    try:
        act(*arguments, **more)
    except kinds as error:
        return error
    raise Wrong("%s was not refused" % what)


def report(**seen):
    sys.stdout.write("\nprobe:" + json.dumps(seen) + "\n")
    sys.stdout.flush()
