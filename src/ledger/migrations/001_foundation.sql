-- The foundation: endpoints, runs, polls, exports, deliveries, events.
-- Times are UTC text of fixed width (2026-11-23T08:00:00.000Z), so that they sort as they are.

-- What is said of the ledger itself. `identity` tells one ledger from another.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
INSERT INTO meta VALUES ('identity', lower(hex(randomblob(16))));

CREATE TABLE endpoints (
    id               INTEGER PRIMARY KEY,
    name             TEXT    NOT NULL UNIQUE,
    endpoint_type    TEXT    NOT NULL,
    endpoint_details TEXT    NOT NULL,          -- JSON, as configured
    project_id       TEXT    NOT NULL,
    user_id          TEXT    NOT NULL,
    description      TEXT,
    schedule         TEXT    NOT NULL,          -- JSON
    deliver_to       TEXT,
    is_active        INTEGER NOT NULL,
    position         INTEGER NOT NULL,          -- order in the configuration; -1: no longer in it
    last_sync_at     TEXT,
    last_sync_status TEXT,
    next_run_at      TEXT,                      -- as the running scheduler has it
    reconciled_at    TEXT,                      -- the last Delivered list was compared
    restored         INTEGER NOT NULL DEFAULT 0, -- 1: compare it in hold mode before anything is listed
    created_at       TEXT    NOT NULL,
    updated_at       TEXT    NOT NULL
) STRICT;

CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    cause      TEXT NOT NULL,                   -- manual, schedule
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    outcome    TEXT,
    report     TEXT                             -- JSON: each endpoint's part, as reported
) STRICT;

CREATE TABLE sync_logs (
    id                INTEGER PRIMARY KEY,
    run_id            INTEGER NOT NULL REFERENCES runs (id),
    endpoint_id       INTEGER NOT NULL REFERENCES endpoints (id),
    sync_started_at   TEXT    NOT NULL,
    sync_completed_at TEXT,
    sync_status       TEXT    NOT NULL,         -- running, interrupted, or an outcome
    files_found       INTEGER NOT NULL DEFAULT 0,
    files_new         INTEGER NOT NULL DEFAULT 0,
    files_updated     INTEGER NOT NULL DEFAULT 0,
    files_removed     INTEGER NOT NULL DEFAULT 0,
    files_error       INTEGER NOT NULL DEFAULT 0,
    files_delivered   INTEGER NOT NULL DEFAULT 0,
    error_message     TEXT
) STRICT;
CREATE INDEX sync_logs_by_endpoint ON sync_logs (endpoint_id, id);
CREATE INDEX sync_logs_by_run ON sync_logs (run_id);

-- What an account had delivered before the first run counts as handled. It belongs to
-- the account and not to an endpoint: endpoints are renamed and product keys are added.
CREATE TABLE baselines (
    source      TEXT NOT NULL,
    account     TEXT NOT NULL,
    product_key TEXT NOT NULL,                  -- '' for all of them
    taken_at    TEXT NOT NULL,
    PRIMARY KEY (source, account, product_key)
) STRICT;

-- One list asked of a source. A NotDelivered poll is committed as 'intent' before it is sent.
CREATE TABLE polls (
    id          INTEGER PRIMARY KEY,
    endpoint_id INTEGER NOT NULL REFERENCES endpoints (id),
    run_id      INTEGER REFERENCES runs (id),
    source      TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    product_key TEXT,
    state       TEXT    NOT NULL,               -- intent, received, recorded, not_sent, reconciled
    body        TEXT    NOT NULL,               -- path of the raw reply
    asked_at    TEXT    NOT NULL,
    closed_at   TEXT,
    failure     TEXT                            -- JSON
) STRICT;
CREATE INDEX polls_open ON polls (endpoint_id) WHERE closed_at IS NULL;

CREATE TABLE exports (
    id              INTEGER PRIMARY KEY,
    endpoint_id     INTEGER NOT NULL REFERENCES endpoints (id),
    source          TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    uid             TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    name            TEXT,                       -- as the source gave it
    raw             TEXT    NOT NULL,           -- JSON, as listed
    state           TEXT    NOT NULL,
    attempt         INTEGER NOT NULL,
    tries           INTEGER NOT NULL,           -- failures in a row
    part            TEXT,                       -- file name while it is fetched
    etag            TEXT,
    expected_size   INTEGER,
    durable         INTEGER,                    -- bytes of the part that are known to be synced
    archived        TEXT,                       -- path below the data folder once verified
    size            INTEGER,
    sha256          TEXT,
    failure         TEXT,                       -- JSON
    next_attempt_at TEXT,
    discovered_at   TEXT    NOT NULL,
    updated_at      TEXT    NOT NULL,
    UNIQUE (source, account, uid, version)
) STRICT;
CREATE INDEX exports_by_state ON exports (endpoint_id, state);
CREATE INDEX exports_open ON exports (endpoint_id) WHERE state IN ('recorded', 'downloading', 'retry_wait');

CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY,
    export_id       INTEGER NOT NULL REFERENCES exports (id),
    endpoint_id     INTEGER NOT NULL REFERENCES endpoints (id),
    destination     TEXT    NOT NULL,
    target          TEXT    NOT NULL,           -- user, host, port and folder its attempt went to
    generation      INTEGER NOT NULL,
    token           TEXT    NOT NULL UNIQUE,    -- eight hex digits: the temporary names
    final_name      TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    attempt         INTEGER NOT NULL,
    tries           INTEGER NOT NULL,
    evidence        TEXT,
    failure         TEXT,                       -- JSON
    next_attempt_at TEXT,
    staged_at       TEXT,
    published_at    TEXT,
    confirmed_at    TEXT,
    created_at      TEXT    NOT NULL,
    updated_at      TEXT    NOT NULL,
    UNIQUE (export_id, destination, generation)
) STRICT;
CREATE INDEX deliveries_by_name ON deliveries (destination, final_name);
CREATE INDEX deliveries_open ON deliveries (endpoint_id)
    WHERE state NOT IN ('held', 'in_doubt', 'cancelled', 'cleaned');
CREATE INDEX deliveries_by_state ON deliveries (endpoint_id, state);

-- Append-only: what happened, to what, when.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY,
    at         TEXT    NOT NULL,
    subject    TEXT    NOT NULL,                -- x17, d17, r4, p2
    run_id     INTEGER,
    kind       TEXT    NOT NULL,
    from_state TEXT,
    to_state   TEXT,
    attempt    INTEGER NOT NULL,
    detail     TEXT
) STRICT;
CREATE INDEX events_by_subject ON events (subject, id);
CREATE INDEX events_by_time ON events (at);
CREATE INDEX events_by_run ON events (run_id, id) WHERE run_id IS NOT NULL;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
