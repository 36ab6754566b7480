-- Who was told what, so that a restart neither tells it twice nor forgets to say that it is over.

ALTER TABLE sync_logs ADD COLUMN failure_class TEXT;    -- of its first failure; 'cancelled': cut short

-- What does not work: one row for each cause at an endpoint, as long as it lasts.
CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY,
    endpoint  TEXT    NOT NULL,             -- its name; '': the program itself
    cause     TEXT    NOT NULL,             -- unreachable, sign_in, held, quiet …
    words     TEXT    NOT NULL,             -- as it was last seen
    files     INTEGER NOT NULL,             -- concerned, as it was last seen
    opened_at TEXT    NOT NULL,
    told_at   TEXT,                         -- when it was last said; none: not yet
    closed_at TEXT
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (endpoint, cause) WHERE closed_at IS NULL;

-- Messages, one row for each channel, on their way until they are sent or given up.
CREATE TABLE notifications (
    id              INTEGER PRIMARY KEY,
    channel         TEXT    NOT NULL,       -- as configured: smtp, webhook ops
    incident_id     INTEGER REFERENCES incidents (id),
    event           TEXT    NOT NULL,       -- failure, reminder, recovered, digest
    message         TEXT    NOT NULL,       -- JSON
    created_at      TEXT    NOT NULL,
    tries           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT,                   -- none: sent, or given up
    sent_at         TEXT,
    said            TEXT                    -- why the last try failed
) STRICT;
CREATE INDEX notifications_waiting ON notifications (channel, id) WHERE next_attempt_at IS NOT NULL;
