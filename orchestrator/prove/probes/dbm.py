# The database modules that are named as arguments keep on disk what they are given. It is those of the C libraries that are opened, never
# dumbdbm, which `anydbm` and `dbm` fall back to without a word.
import os
import shutil

HOME = "/tmp/dbm-proof"
PAIRS = dict((("key %d" % n).encode("ascii"), bytes(bytearray(range(n % 256))) + b"\0\xff") for n in range(300))


def assign(database, key, value):
    database[key] = value


def round_trip(name, opened, error, which):
    path = os.path.join(HOME, name)
    refused(name + " opening what does not exist", error, opened, path, "r")
    database = opened(path, "n")
    for key in PAIRS:
        database[key] = PAIRS[key]
    database[b"gone"] = b"soon"
    del database[b"gone"]
    database.close()
    database = opened(path, "r")
    expect(name + " keys", sorted(database.keys()), sorted(PAIRS))
    for key in PAIRS:
        expect("%s of %r" % (name, key), database[key], PAIRS[key])
    refused(name + " key that was deleted", KeyError, lambda: database[b"gone"])
    refused(name + " writing what was opened to read", error, assign, database, b"new", b"value")
    database.close()
    expect("what kind of file %s made" % name, whichdb(path), which)
    expect("%s uses dumbdbm" % name, os.path.exists(path + ".dat"), False)


def gnu():
    import dbm.gnu

    round_trip("_gdbm", dbm.gnu.open, dbm.gnu.error, "dbm.gnu")
    import _gdbm

    expect("dbm.gnu.open is _gdbm's", dbm.gnu.open, _gdbm.open)
    return " ".join(["gdbm", ".".join(str(part) for part in getattr(_gdbm, "_GDBM_VERSION", ()))]).rstrip()


def ndbm():
    import dbm.ndbm

    round_trip("_dbm", dbm.ndbm.open, dbm.ndbm.error, "dbm.ndbm")
    return "ndbm of " + dbm.ndbm.library


def gnu2():
    import gdbm

    round_trip("gdbm", gdbm.open, gdbm.error, "gdbm")
    return "gdbm"


def ndbm2():
    import dbm

    round_trip("dbm", dbm.open, dbm.error, "dbm")
    return "dbm of " + dbm.library


def berkeley():
    import bsddb

    for kind in ("hashopen", "btopen"):
        round_trip("_bsddb-" + kind, getattr(bsddb, kind), bsddb.error, "dbhash" if kind == "hashopen" else "")
    ordered = bsddb.btopen(os.path.join(HOME, "_bsddb-btopen"), "r")
    expect("first key of a B-tree", ordered.first()[0], min(PAIRS))
    expect("key after a given one", ordered.set_location("key 29")[0], "key 29")
    ordered.close()
    # A database with a log and locks: Berkeley DB maps files into memory for it.
    environment = bsddb.db.DBEnv()
    parts = ("DB_CREATE", "DB_INIT_TXN", "DB_INIT_MPOOL", "DB_INIT_LOG", "DB_INIT_LOCK")
    environment.open(HOME, sum(getattr(bsddb.db, part) for part in parts))
    database = bsddb.db.DB(environment)
    database.open("with-log", dbtype=bsddb.db.DB_BTREE, flags=bsddb.db.DB_CREATE | bsddb.db.DB_AUTO_COMMIT)
    transaction = environment.txn_begin()
    database.put("a", "1", txn=transaction)
    transaction.abort()
    transaction = environment.txn_begin()
    database.put("b", "2", txn=transaction)
    transaction.commit()
    expect("keys after an abort and a commit", database.keys(), ["b"])
    database.close()
    environment.close()
    return "Berkeley DB %d.%d.%d" % bsddb.db.version()


KNOWN = {"_gdbm": gnu, "_dbm": ndbm, "gdbm": gnu2, "dbm": ndbm2, "_bsddb": berkeley}
if sys.version_info >= (3,):
    from dbm import whichdb
else:
    from whichdb import whichdb

if not sys.argv[1:]:
    raise Wrong("no database module was named: an image without any is not what the recipe says")
shutil.rmtree(HOME, ignore_errors=True)
os.mkdir(HOME)
said = [KNOWN[name]() for name in sys.argv[1:]]
report(said="%s: %d pairs on disk" % (", ".join(said), len(PAIRS)))
