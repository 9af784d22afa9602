"""The ledger's tables, as a list of migrations: `PRAGMA user_version` says how many have been applied."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        exit_code INTEGER
    ) STRICT;
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        cell TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'built', 'proven', 'failed')),
        execution TEXT NOT NULL,
        reference TEXT NOT NULL DEFAULT '',
        digest TEXT NOT NULL DEFAULT '',
        size INTEGER NOT NULL DEFAULT 0,
        started TEXT NOT NULL,
        seconds REAL NOT NULL DEFAULT 0,
        log TEXT NOT NULL DEFAULT '',
        failure_class TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT '',
        ingredients TEXT NOT NULL DEFAULT '{}'
    ) STRICT;
    CREATE INDEX attempts_by_cell ON attempts (cell, id);
    CREATE TABLE phases (
        attempt INTEGER NOT NULL REFERENCES attempts (id),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        seconds REAL NOT NULL,
        cached INTEGER NOT NULL,
        PRIMARY KEY (attempt, position)
    ) STRICT;
    CREATE TABLE proofs (
        attempt INTEGER NOT NULL REFERENCES attempts (id),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        passed INTEGER NOT NULL,
        detail TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (attempt, position)
    ) STRICT;
    CREATE TABLE publications (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        reference TEXT NOT NULL,
        digest TEXT NOT NULL,
        published TEXT NOT NULL
    ) STRICT;
    """,
    # Proofs that were not made because one that they need had failed; which catalogue an image was proven by; images that were examined.
    """
    ALTER TABLE proofs ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
    UPDATE proofs SET verdict = CASE passed WHEN 1 THEN 'passed' ELSE 'failed' END;
    ALTER TABLE attempts ADD COLUMN proven_by TEXT NOT NULL DEFAULT '';
    CREATE TABLE examinations (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        cell TEXT NOT NULL,
        reference TEXT NOT NULL,
        digest TEXT NOT NULL,
        execution TEXT NOT NULL,
        ended TEXT NOT NULL,
        seconds REAL NOT NULL
    ) STRICT;
    CREATE INDEX examinations_by_cell ON examinations (cell, id);
    CREATE TABLE findings (
        examination INTEGER NOT NULL REFERENCES examinations (id),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'failed', 'not made')),
        detail TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (examination, position)
    ) STRICT;
    """,
    # Which builder did it, on which machine, after how many tries, in which setting; the text of what was built, to tell which line changed.
    """
    ALTER TABLE attempts ADD COLUMN node TEXT NOT NULL DEFAULT '';
    ALTER TABLE attempts ADD COLUMN machine TEXT NOT NULL DEFAULT '';
    ALTER TABLE attempts ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE attempts ADD COLUMN setting TEXT NOT NULL DEFAULT '';
    CREATE INDEX publications_by_reference ON publications (reference, id);
    CREATE TABLE dockerfiles (
        digest TEXT PRIMARY KEY,
        text TEXT NOT NULL
    ) STRICT;
    """,
    # What a run meant to do to each cell, and what came of it; when which stage ran where; what a publication meant to change, before it does;
    # what lies beside an image in its registry.
    """
    CREATE TABLE visits (
        run INTEGER NOT NULL REFERENCES runs (id),
        cell TEXT NOT NULL,
        action TEXT NOT NULL,
        reason TEXT NOT NULL,
        key TEXT NOT NULL,
        attempt INTEGER REFERENCES attempts (id),
        outcome TEXT NOT NULL DEFAULT '',
        failure_class TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT '',
        seconds REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (run, cell)
    ) STRICT;
    CREATE INDEX visits_by_cell ON visits (cell, run);
    CREATE TABLE spans (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        cell TEXT NOT NULL,
        stage TEXT NOT NULL,
        node TEXT NOT NULL,
        emulated INTEGER NOT NULL,
        started TEXT NOT NULL,
        ended TEXT NOT NULL,
        failure_class TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE INDEX spans_by_run ON spans (run);
    CREATE TABLE sets (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        image TEXT NOT NULL,
        registry TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('begun', 'done', 'replaced', 'rolled back')),
        members TEXT NOT NULL,
        targets TEXT NOT NULL,
        idx TEXT NOT NULL DEFAULT '',
        began TEXT NOT NULL,
        ended TEXT
    ) STRICT;
    CREATE INDEX sets_by_image ON sets (registry, image, id);
    CREATE TABLE held_back (
        run INTEGER NOT NULL REFERENCES runs (id),
        image TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (run, image)
    ) STRICT;
    CREATE TABLE attachments (
        subject TEXT NOT NULL,
        kind TEXT NOT NULL,
        place TEXT NOT NULL,
        digest TEXT NOT NULL,
        attached TEXT NOT NULL,
        PRIMARY KEY (subject, kind, place)
    ) STRICT;
    CREATE INDEX attempts_by_run ON attempts (run);
    """,
    # Sets are taken back in two steps, and may be given up.
    """
    ALTER TABLE sets RENAME TO sets_before;
    CREATE TABLE sets (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        image TEXT NOT NULL,
        registry TEXT NOT NULL,
        state TEXT NOT NULL,
        members TEXT NOT NULL,
        targets TEXT NOT NULL,
        idx TEXT NOT NULL DEFAULT '',
        began TEXT NOT NULL,
        ended TEXT
    ) STRICT;
    INSERT INTO sets SELECT * FROM sets_before;
    DROP TABLE sets_before;
    CREATE INDEX sets_by_image ON sets (registry, image, id);
    """,
)
