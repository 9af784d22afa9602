# The clock is UTC: no TZ, no time zone in /etc/localtime. And dates beyond 2038 work wherever C's time_t has 64 bits.
import calendar
import datetime
import glob
import os
import struct
import time
import warnings

warnings.simplefilter("ignore")
musl = bool(glob.glob("/lib/ld-musl-*"))

expect("TZ", os.environ.get("TZ"), None)
if not musl:
    expect("names of the time zone", time.tzname, ("UTC", "UTC"))
    expect("%Z", time.strftime("%Z"), "UTC")
else:
    # musl calls UTC "GMT" up to 1.1.21, has no name for a daylight saving time that does not exist, and prints no name that is
    # not its own. https://bugs.python.org/issue34672
    expect("names of the time zone %r are UTC's" % (time.tzname,), time.tzname[0] in ("UTC", "GMT"), True)
    expect("%%Z, %r, is UTC's" % time.strftime("%Z"), time.strftime("%Z") in ("UTC", "GMT", ""), True)
expect("offsets from UTC", (time.timezone, time.daylight), (0, 0))
expect("the epoch", tuple(time.localtime(0)), (1970, 1, 1, 0, 0, 0, 3, 1, 0))
expect("the epoch in June", tuple(time.localtime(86400 * 180))[3:6], (0, 0, 0))
now = time.time()
expect("time.time() (%d) is later than 2017" % now, now > 1.5e9, True)
# Local and universal time are asked for one after the other: an offset of an hour shows, a slow machine does not matter.
apart = abs((datetime.datetime.now() - datetime.datetime.utcnow()).total_seconds())
expect("local and universal time are %.1f s apart: none" % apart, apart < 60, True)
expect("mktime and timegm", time.mktime(time.gmtime(1234567890)), calendar.timegm(time.gmtime(1234567890)))
expect("formatted", time.strftime("%Y-%m-%dT%H:%M:%S %a %b %j", time.gmtime(1234567890)), "2009-02-13T23:31:30 Fri Feb 044")
expect("parsed", calendar.timegm(time.strptime("2009-02-13 23:31:30", "%Y-%m-%d %H:%M:%S")), 1234567890)

# Another time zone would be seen.
os.environ["TZ"] = "XYZ5"
time.tzset()
expect("hour of the epoch five hours west", (time.localtime(0).tm_hour, time.tzname[0], time.timezone), (19, "XYZ", 18000))
del os.environ["TZ"]
time.tzset()
expect("hour of the epoch again", time.localtime(0).tm_hour, 0)

later = datetime.datetime(2038, 1, 19, 3, 14, 9)
expect("a date after 2038, computed", datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=2 ** 31 + 1), later)
wide = struct.calcsize("l") == 8
if wide:
    expect("2 ** 31 + 1 seconds", tuple(time.gmtime(2 ** 31 + 1))[:6], (2038, 1, 19, 3, 14, 9))
    expect("2 ** 31 + 1 seconds as a date", datetime.datetime.utcfromtimestamp(2 ** 31 + 1), later)
    expect("2 ** 31 + 1 seconds and back", time.mktime(time.localtime(2 ** 31 + 1)), 2 ** 31 + 1)
    expect("the year 9999", time.gmtime(253402300799).tm_year, 9999)

before = time.time()
time.sleep(0.02)
if not 0.019 < time.time() - before < 20:
    raise Wrong("a sleep of 0.02 s took %.3f s" % (time.time() - before))
if sys.version_info >= (3,):
    before = time.monotonic()
    time.sleep(0.02)
    expect("the monotonic clock goes on", time.monotonic() - before >= 0.019, True)
    for name in ("monotonic", "time", "perf_counter", "process_time"):
        info = time.get_clock_info(name)
        expect("%s resolves milliseconds (%r)" % (name, info.resolution), 0 < info.resolution <= 1e-3, True)
    expect("the monotonic clock is", time.get_clock_info("monotonic").monotonic, True)
    expect("clock_gettime", abs(time.clock_gettime(time.CLOCK_REALTIME) - time.time()) < 60, True)
    expect("an aware date", datetime.datetime.fromtimestamp(0, datetime.timezone.utc).isoformat(), "1970-01-01T00:00:00+00:00")

report(said="%s, %s, dates beyond 2038%s" % (time.tzname[0], "musl" if musl else "glibc", "" if wide else " by datetime alone"))
