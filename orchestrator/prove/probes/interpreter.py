# Runs inside the image, on Python 2.7 and 3.x, with the standard library alone; says what it sees as one line of JSON.
import json
import os
import subprocess
import sys

seen = {
    "version": "%d.%d.%d" % sys.version_info[:3],
    "machine": os.uname()[4],
    "executable": os.path.realpath(sys.executable),
    "encoding": sys.stdout.encoding,
    "modules": {},
}

for name in sys.argv[1:]:
    try:
        __import__(name)
        seen["modules"][name] = ""
    except Exception as error:
        seen["modules"][name] = "%s: %s" % (type(error).__name__, error)

pip = subprocess.Popen(
    ["pip", "--version", "--disable-pip-version-check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
)
seen["pip"] = pip.communicate()[0].decode("utf-8", "replace").strip()

print("probe:" + json.dumps(seen))
