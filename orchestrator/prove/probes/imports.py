# Every module of the standard library that the image has can be imported, all in one process, without a file being written.
import importlib
import os
import warnings

warnings.simplefilter("ignore")
EXCEPT = {
    "antigravity": "opens a browser",
    "this": "prints a poem",
    "test": "is not in the image",
    "tkinter": "needs tk, which slim and Alpine leave to the user",
    "_tkinter": "needs tk",
    "Tkinter": "needs tk",
    "turtle": "needs tk",
    "turtledemo": "needs tk",
    "idlelib": "needs tk",
    "_LWPCookieJar": "is a part of cookielib, which imports it",
    "_MozillaCookieJar": "is a part of cookielib",
    "msilib": "is for Windows",
    "__phello__": "prints a greeting",
    "__hello__": "prints a greeting",
    "_testcapi": "is a test's helper",
    "user": "runs a script in the home directory",
}
# Without Berkeley DB, as 2.7 is on Alpine; where it is expected, behaviour/dbm opens one.
NEEDS = {"bsddb": "_bsddb", "dbhash": "_bsddb"}
# Some of what every image must have, whatever a listing of it says.
ALWAYS = """argparse array ast base64 bisect bz2 calendar cmath cmd codecs collections contextlib copy csv ctypes curses datetime decimal
difflib distutils doctest email encodings fcntl fractions functools getpass gettext glob grp gzip hashlib heapq hmac imaplib imp
inspect io itertools json locale logging mailbox math mmap multiprocessing numbers operator optparse os parser pdb pickle pkgutil
platform poplib pprint pty pwd pydoc random re readline resource rlcompleter sched select shelve shutil signal smtplib socket
sqlite3 ssl stat string struct subprocess symtable syslog sysconfig tarfile tempfile termios textwrap threading time timeit token
tokenize trace traceback types unicodedata unittest uuid warnings wave weakref webbrowser wsgiref xml zipfile zipimport zlib""".split()
INSIDE = """ctypes.util curses.panel distutils.core email.mime.multipart encodings.idna importlib json.tool logging.config logging.handlers
multiprocessing.pool sqlite3.dbapi2 unittest.case wsgiref.simple_server xml.dom.minidom xml.etree.ElementTree xml.sax.expatreader""".split()
if sys.version_info >= (3,):
    INSIDE += """asyncio.subprocess collections.abc concurrent.futures.process dbm.dumb html.parser http.server importlib.machinery
    multiprocessing.managers urllib.request venv xmlrpc.client""".split()
if sys.version_info >= (3, 10):  # outside the images: gone since
    ALWAYS = [name for name in ALWAYS if name not in ("distutils", "imp", "parser")]
    INSIDE = [name for name in INSIDE if not name.startswith("distutils")]


def names():
    library = os.path.dirname(os.__file__)
    for name in sys.builtin_module_names:
        yield name
    for folder in (library, os.path.join(library, "lib-dynload")):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isdir(path):
                if os.path.exists(os.path.join(path, "__init__.py")):
                    yield name
            elif name.endswith((".py", ".so")):
                yield name.partition(".")[0]


found = set(names())
HELPERS = ("_test", "_ctypes_test", "_xx", "xx", "_sysconfigdata_")
wanted = set(name for name in found if name not in EXCEPT and not name.startswith(HELPERS))
wanted -= set(name for name in NEEDS if NEEDS[name] not in found)
wanted.update(ALWAYS)
failed = []
for name in sorted(wanted) + INSIDE:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed.append("%s (%s: %s)" % (name, type(error).__name__, error))
if failed:
    raise Wrong("%d of %d modules cannot be imported: %s" % (len(failed), len(wanted) + len(INSIDE), "; ".join(failed)))
expect("modules found (%d): at least 220" % len(wanted), len(wanted) >= 220, True)
import sysconfig

# Read from a module whose name has the platform in it.
expect("the version that the build's data names", sysconfig.get_config_var("VERSION"), "%d.%d" % sys.version_info[:2])
report(said="%d modules of the standard library can be imported" % (len(wanted) + len(INSIDE)))
