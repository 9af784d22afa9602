# SQLite on disk: what is committed stays, what is rolled back does not, values keep their type, SQL can call Python.
import os
import sqlite3

PATH = "/tmp/sqlite-proof.db"
TEXT = u"caf\u00e9 \u4e2d\u6587 \U0001f40d"
BLOB = bytes(bytearray(range(256)))
binary = sqlite3.Binary


class Longest(object):
    def __init__(self):
        self.longest = u""

    def step(self, text):
        self.longest = max(self.longest, text, key=len)

    def finalize(self):
        return self.longest


if os.path.exists(PATH):
    os.remove(PATH)
database = sqlite3.connect(PATH)
database.execute("create table thing (id integer primary key, text text not null unique, blob blob, number integer, part real)")
database.execute("insert into thing values (1, ?, ?, ?, ?)", (TEXT, binary(BLOB), 2 ** 63 - 1, 0.1))
database.commit()
database.execute("insert into thing values (2, 'lost', null, 0, 0)")
expect("rows within the transaction", database.execute("select count(*) from thing").fetchone(), (2,))
database.rollback()
refused("a second row of the same text", sqlite3.IntegrityError, database.execute, "insert into thing (text) values (?)", (TEXT,))
refused("wrong SQL", sqlite3.OperationalError, database.execute, "selekt 1")
database.close()

database = sqlite3.connect(PATH)
rows = [(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in database.execute("select * from thing")]
expect("rows on disk", rows, [(1, TEXT, BLOB, 2 ** 63 - 1, 0.1)])
with open(PATH, "rb") as file:
    expect("magic of the file", file.read(15), b"SQLite format 3")

database.create_function("twice", 1, lambda text: text * 2)
expect("a function in Python", database.execute("select twice(text) from thing").fetchone(), (TEXT * 2,))
database.create_aggregate("longest", 1, Longest)
database.execute("insert into thing (text) values ('a')")
expect("an aggregate in Python", database.execute("select longest(text) from thing").fetchone(), (TEXT,))
database.create_collation("backwards", lambda a, b: (a < b) - (a > b))
ordered = database.execute("select id from thing order by text collate backwards").fetchall()
expect("an order in Python", ordered, [(1,), (2,)])
expect("a join", database.execute("select count(*) from thing as a join thing as b on a.id <= b.id").fetchone(), (3,))
copy = sqlite3.connect(":memory:")
copy.executescript("".join(database.iterdump()))
expect("a dump", copy.execute("select text from thing where id = 1").fetchone(), (TEXT,))

loads = ""
if sys.version_info >= (3,):
    # --enable-loadable-sqlite-extensions: without it the method does not exist, with a SQLite that omits it nothing can be
    # loaded. https://docs.python.org/3/library/sqlite3.html#sqlite3.Connection.enable_load_extension
    expect("extensions can be allowed", hasattr(database, "enable_load_extension"), True)
    load = "select load_extension('/tmp/no-such-extension')"
    error = refused("loading before it is allowed", sqlite3.OperationalError, database.execute, load)
    expect("the refusal", str(error), "not authorized")
    database.enable_load_extension(True)
    error = refused("loading what does not exist", sqlite3.OperationalError, database.execute, load)
    expect("the loader's message names the file (%s)" % error, "no-such-extension" in str(error), True)
    loads = ", extensions can be loaded"

report(said="SQLite %s on disk%s" % (sqlite3.sqlite_version, loads))
