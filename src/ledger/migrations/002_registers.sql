-- Registers: what services hold, file by file and folder by folder, without their bytes.

-- What is kept of an endpoint's register as a whole.
CREATE TABLE registers (
    endpoint_id        INTEGER PRIMARY KEY REFERENCES endpoints (id),
    scope              TEXT    NOT NULL,    -- what was looked at: with another one stamps and memory are void
    memory             TEXT,                -- JSON: what the last complete walk left for the next
    contents_for       TEXT    NOT NULL,    -- JSON: where contents go, and which are left out
    walked_at          TEXT,                -- the last complete walk
    full_walk_at       TEXT,                -- the last complete one that looked everywhere
    full_walk_tried_at TEXT,                -- the last one that was to look everywhere
    files_present      INTEGER NOT NULL DEFAULT 0,  -- rows of `files` that are not removed …
    files_access_lost  INTEGER NOT NULL DEFAULT 0   -- … of them, those that we may not see any more
) STRICT;

CREATE TABLE folders (
    id                 INTEGER PRIMARY KEY,
    endpoint_id        INTEGER NOT NULL REFERENCES endpoints (id),
    external_folder_id TEXT    NOT NULL,
    external_parent_id TEXT,                -- none: a root of the endpoint
    folder_name        TEXT,                -- none: files came before their folder was told
    folder_path        TEXT    NOT NULL,    -- names from the root on, '/' before each
    stamp              TEXT,                -- the change detector when all below it was last booked
    access_lost        TEXT,                -- JSON: why we may not see it any more
    created_at         TEXT    NOT NULL,
    updated_at         TEXT    NOT NULL,
    removed_at         TEXT,
    UNIQUE (endpoint_id, external_folder_id)
) STRICT;

-- A row for good: a file that is gone keeps its row, with `removed_at`. Everything is as the
-- service gave it; names may hold anything. A row that did not change is not written:
-- `last_synced_at` is when it was; `file_states` knows when it was last compared.
CREATE TABLE files (
    id                  INTEGER PRIMARY KEY,
    endpoint_id         INTEGER NOT NULL REFERENCES endpoints (id),
    external_file_id    TEXT    NOT NULL,   -- stays over versions, moves and renames
    file_name           TEXT    NOT NULL,
    file_path           TEXT    NOT NULL,   -- the folder's path, '/', the name
    file_link           TEXT,
    file_size           INTEGER,            -- bytes
    file_type           TEXT,               -- lower case, without the dot
    folder_id           INTEGER NOT NULL REFERENCES folders (id),
    version             TEXT    NOT NULL,   -- differs exactly when the content does
    content             TEXT    NOT NULL,   -- JSON: how the bytes can be had
    contents            TEXT,               -- of an endpoint that delivers: waiting, queued
    left_out            TEXT,               -- why the bytes are never fetched
    external_created_at TEXT,
    external_updated_at TEXT,
    access_lost_at      TEXT,
    created_at          TEXT    NOT NULL,
    updated_at          TEXT    NOT NULL,
    last_synced_at      TEXT    NOT NULL,
    removed_at          TEXT,
    UNIQUE (endpoint_id, external_file_id)
) STRICT;
-- Pages come folder by folder, so this one is written in order; it also answers what is
-- missing without a look at the table.
CREATE INDEX files_by_folder ON files (folder_id) WHERE removed_at IS NULL;
CREATE INDEX files_waiting ON files (endpoint_id) WHERE contents = 'waiting';

-- What changed, the newest so many of it: `files` holds only what is so now.
CREATE TABLE file_changes (
    id          INTEGER PRIMARY KEY,
    endpoint_id INTEGER NOT NULL,
    run_id      INTEGER,
    at          TEXT    NOT NULL,
    file_id     INTEGER,                    -- or
    folder_id   INTEGER,
    change      TEXT    NOT NULL,           -- changed, renamed, moved, removed, returned, access_lost, access_back
    before      TEXT,
    after       TEXT
) STRICT;

-- The register as one asks for it.
CREATE VIEW file_states AS
SELECT f.*, e.name AS endpoint_name, d.external_folder_id, d.folder_path,
       CASE WHEN f.removed_at IS NOT NULL THEN 'removed'
            WHEN f.access_lost_at IS NOT NULL THEN 'access_lost'
            ELSE 'present' END AS file_state,
       max(f.last_synced_at,
           CASE WHEN f.removed_at IS NULL AND f.access_lost_at IS NULL
                THEN coalesce(r.walked_at, '') ELSE '' END) AS last_compared_at
FROM files f
JOIN endpoints e ON e.id = f.endpoint_id
JOIN folders d ON d.id = f.folder_id
LEFT JOIN registers r ON r.endpoint_id = f.endpoint_id;

ALTER TABLE sync_logs ADD COLUMN api_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_logs ADD COLUMN quota_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_logs ADD COLUMN files_skipped INTEGER
    GENERATED ALWAYS AS (max(files_found - files_new - files_updated, 0)) VIRTUAL;
ALTER TABLE sync_logs ADD COLUMN execution_time_seconds REAL
    GENERATED ALWAYS AS (round((julianday(sync_completed_at) - julianday(sync_started_at)) * 86400.0, 3))
    VIRTUAL;
