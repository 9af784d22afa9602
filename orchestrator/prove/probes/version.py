# Everything that says which release this is.
import os
import platform
import subprocess


def printed(*words):
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = process.communicate()[0].decode("utf-8", "replace").strip()
    return text[len("Python "):] if text.startswith("Python ") else text[:60]


packed = sys.hexversion
report(
    said={
        "sys.version_info": "%d.%d.%d" % sys.version_info[:3],
        "sys.hexversion": "%d.%d.%d" % (packed >> 24, packed >> 16 & 255, packed >> 8 & 255),
        "sys.version": sys.version.split()[0],
        "platform.python_version()": platform.python_version(),
        "python --version": printed("python", "--version"),
        "python%d --version" % sys.version_info[0]: printed("python%d" % sys.version_info[0], "--version"),
    },
    executable=os.path.realpath(sys.executable),
)
