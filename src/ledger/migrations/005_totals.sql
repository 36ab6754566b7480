-- What is asked again and again costs the same however much has come and gone.

-- Two totals that would grow with every file, kept as they change. By triggers: no writer can
-- forget one, and nothing can be committed without it. `doctor` counts, and compares.
ALTER TABLE endpoints ADD COLUMN exports_listed       INTEGER NOT NULL DEFAULT 0;  -- all but 'baseline'
ALTER TABLE endpoints ADD COLUMN deliveries_confirmed INTEGER NOT NULL DEFAULT 0;  -- 'confirmed' and 'cleaned'

UPDATE endpoints SET
    exports_listed = (SELECT count(*) FROM exports
        WHERE endpoint_id = endpoints.id AND state <> 'baseline'),
    deliveries_confirmed = (SELECT count(*) FROM deliveries
        WHERE endpoint_id = endpoints.id AND state IN ('confirmed', 'cleaned'));

CREATE TRIGGER exports_listed_more AFTER INSERT ON exports WHEN new.state <> 'baseline'
BEGIN
    UPDATE endpoints SET exports_listed = exports_listed + 1 WHERE id = new.endpoint_id;
END;
CREATE TRIGGER exports_listed_less AFTER DELETE ON exports WHEN old.state <> 'baseline'
BEGIN
    UPDATE endpoints SET exports_listed = exports_listed - 1 WHERE id = old.endpoint_id;
END;
CREATE TRIGGER exports_listed_moved AFTER UPDATE OF endpoint_id, state ON exports
WHEN old.endpoint_id <> new.endpoint_id OR (old.state = 'baseline') <> (new.state = 'baseline')
BEGIN
    UPDATE endpoints SET exports_listed = exports_listed - 1
        WHERE id = old.endpoint_id AND old.state <> 'baseline';
    UPDATE endpoints SET exports_listed = exports_listed + 1
        WHERE id = new.endpoint_id AND new.state <> 'baseline';
END;

CREATE TRIGGER deliveries_confirmed_more AFTER INSERT ON deliveries
WHEN new.state IN ('confirmed', 'cleaned')
BEGIN
    UPDATE endpoints SET deliveries_confirmed = deliveries_confirmed + 1 WHERE id = new.endpoint_id;
END;
CREATE TRIGGER deliveries_confirmed_less AFTER DELETE ON deliveries
WHEN old.state IN ('confirmed', 'cleaned')
BEGIN
    UPDATE endpoints SET deliveries_confirmed = deliveries_confirmed - 1 WHERE id = old.endpoint_id;
END;
CREATE TRIGGER deliveries_confirmed_moved AFTER UPDATE OF endpoint_id, state ON deliveries
WHEN old.endpoint_id <> new.endpoint_id
    OR (old.state IN ('confirmed', 'cleaned')) <> (new.state IN ('confirmed', 'cleaned'))
BEGIN
    UPDATE endpoints SET deliveries_confirmed = deliveries_confirmed - 1
        WHERE id = old.endpoint_id AND old.state IN ('confirmed', 'cleaned');
    UPDATE endpoints SET deliveries_confirmed = deliveries_confirmed + 1
        WHERE id = new.endpoint_id AND new.state IN ('confirmed', 'cleaned');
END;

-- What is under way is found without a look at what is over.
CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL;
CREATE INDEX sync_logs_open ON sync_logs (endpoint_id) WHERE sync_completed_at IS NULL;
CREATE INDEX deliveries_leftovers ON deliveries (endpoint_id)
    WHERE state = 'cancelled' AND next_attempt_at IS NOT NULL;
-- The last run that found something, among all that found nothing.
CREATE INDEX sync_logs_new ON sync_logs (endpoint_id, id) WHERE files_new + files_updated > 0;
-- What ended in a way that is asked for, and an endpoint's lists.
CREATE INDEX runs_by_outcome ON runs (outcome);
CREATE INDEX polls_by_endpoint ON polls (endpoint_id);
-- What happens to a file that goes its way is not in here: this costs such a file nothing, and
-- finds what is rare.
CREATE INDEX events_rare ON events (to_state) WHERE to_state NOT IN (
    'recorded', 'downloading', 'verified', 'uploading', 'staged', 'publishing', 'published',
    'confirmed', 'cleaned', 'intent', 'received', 'nothing_new', 'done');
