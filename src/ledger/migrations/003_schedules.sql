-- Schedules that survive a restart, missed runs, and totals that no clearing up makes smaller.

ALTER TABLE endpoints ADD COLUMN paused_at TEXT;    -- since when its schedule rests
ALTER TABLE endpoints ADD COLUMN slot_at   TEXT;    -- the planned time of the scheduled run that is under way

-- With sync_status 'missed': how many runs were planned between its two times. No run took place.
ALTER TABLE sync_logs ADD COLUMN runs_missed INTEGER NOT NULL DEFAULT 0;

-- What all runs of an endpoint came to, by how they ended. Only ever grows.
CREATE TABLE run_totals (
    endpoint_id  INTEGER NOT NULL REFERENCES endpoints (id),
    outcome      TEXT    NOT NULL,
    runs         INTEGER NOT NULL,
    files_new    INTEGER NOT NULL,
    files_failed INTEGER NOT NULL,
    api_calls    INTEGER NOT NULL,
    last_at      TEXT    NOT NULL,              -- when the last of them ended, or should have been
    PRIMARY KEY (endpoint_id, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO run_totals
SELECT endpoint_id, sync_status, count(*), sum(files_new), sum(files_error), 0,
       max(sync_completed_at)
FROM sync_logs WHERE sync_completed_at IS NOT NULL GROUP BY endpoint_id, sync_status;

-- What all its files came to, in runs and between them. Only ever grows.
CREATE TABLE file_totals (
    endpoint_id INTEGER PRIMARY KEY REFERENCES endpoints (id),
    fetched     INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,               -- fetched
    delivered   INTEGER NOT NULL                -- published
) STRICT;

INSERT INTO file_totals
SELECT id, (SELECT count(sha256) FROM exports WHERE endpoint_id = e.id),
       (SELECT coalesce(sum(size), 0) FROM exports WHERE endpoint_id = e.id AND sha256 IS NOT NULL),
       (SELECT count(*) FROM deliveries WHERE endpoint_id = e.id
          AND state IN ('published', 'confirmed', 'cleaned'))
FROM endpoints e;
