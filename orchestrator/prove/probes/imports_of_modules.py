# Which extension modules can be imported: those that are expected, and whether any is found that is not.
import warnings

warnings.simplefilter("ignore")

# Extension modules of Python 2 whose names belong to modules written in Python by now.
ONCE_IN_C = ("bz2", "crypt", "datetime", "dbm", "operator")


def find(name):
    if name in sys.builtin_module_names:
        return None
    try:
        if sys.version_info >= (3,):
            import importlib.util

            spec = importlib.util.find_spec(name)
            place = spec.origin if spec is not None else None
        else:
            import imp

            handle, place, _ = imp.find_module(name)
            if handle is not None:
                handle.close()
    except (ImportError, ValueError):
        return None
    if place and place.endswith((".py", "__init__.py")) and name in ONCE_IN_C:
        return None
    return place


expected, absent = json.loads(sys.argv[1]), json.loads(sys.argv[2])
failures = {}
for name in expected:
    try:
        __import__(str(name))
    except Exception as error:
        failures[name] = "%s: %.150s" % (type(error).__name__, error)
found = dict((name, place) for name, place in ((name, find(name)) for name in absent) if place)
report(failures=failures, found=found)
