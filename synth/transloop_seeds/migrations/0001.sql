-- What happened, one row an event. Code, names and paths are in `content`, by digest, so that they
-- can be removed while the log only ever grows.
CREATE TABLE events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    time            REAL NOT NULL,
    kind            TEXT NOT NULL,
    translation     TEXT NOT NULL,
    level           TEXT NOT NULL,
    origin          TEXT NOT NULL,
    source_language TEXT NOT NULL,
    target_language TEXT,
    model           TEXT NOT NULL,
    adapter         TEXT NOT NULL,
    prompt          TEXT NOT NULL,
    verdict         TEXT NOT NULL,
    latency         TEXT NOT NULL,
    measures        TEXT NOT NULL,
    explicit        INTEGER NOT NULL,
    superseded_by   TEXT,
    redacted        INTEGER NOT NULL,
    expires         REAL,
    source          TEXT,
    draft           TEXT,
    final           TEXT,
    details         TEXT,
    seed            TEXT
);

CREATE INDEX events_translation ON events (translation);
CREATE INDEX events_source ON events (source);
CREATE INDEX events_draft ON events (draft);
CREATE INDEX events_final ON events (final);

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the log only grows');
END;

CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the log only grows');
END;

CREATE TABLE content (
    digest TEXT PRIMARY KEY,
    text   TEXT NOT NULL
);

-- Derived from the log: what can be learned from, each once.
CREATE TABLE seeds (
    digest          TEXT PRIMARY KEY,
    event           INTEGER NOT NULL REFERENCES events (id),
    time            REAL NOT NULL,
    origin          TEXT NOT NULL,
    source_language TEXT NOT NULL,
    target_language TEXT,
    verdict         TEXT NOT NULL,
    measures        TEXT NOT NULL,
    redacted        INTEGER NOT NULL,
    expires         REAL,
    source          TEXT NOT NULL,
    draft           TEXT,
    final           TEXT,
    details         TEXT NOT NULL
);

CREATE INDEX seeds_source ON seeds (source);
CREATE INDEX seeds_final ON seeds (final);

-- Derived from the log: the seed that a translation left. A seed that none leaves is withdrawn.
CREATE TABLE left_by (
    translation TEXT PRIMARY KEY,
    seed        TEXT NOT NULL
);

CREATE INDEX left_by_seed ON left_by (seed);

-- What was grown out of a seed: rows of a data set, adapters. `marked` says why it must not be used.
CREATE TABLE lineage (
    seed       TEXT NOT NULL,
    descendant TEXT NOT NULL,
    relation   TEXT NOT NULL,
    time       REAL NOT NULL,
    marked     TEXT,
    PRIMARY KEY (seed, descendant)
);

CREATE INDEX lineage_descendant ON lineage (descendant);

-- Digests of what was forgotten: it is not stored again when it comes again.
CREATE TABLE forgotten (
    digest TEXT PRIMARY KEY,
    time   REAL NOT NULL
);

-- Translations that are shown and not settled, for the server that starts after this one.
CREATE TABLE pending (
    translation TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL,
    owner       TEXT NOT NULL,
    time        REAL NOT NULL,
    source      TEXT NOT NULL,
    draft       TEXT NOT NULL,
    body        TEXT NOT NULL
);
