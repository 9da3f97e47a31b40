-- What requests that are over have in common. The combinations of these values are few beside the requests, so that what
-- a filter by several values asks for is found by its combinations, however seldom the values met.
CREATE TABLE combinations (
    id              INTEGER NOT NULL PRIMARY KEY,
    -- The day, counted from 1970 in UTC, on which a request was last written that has it.
    used_on         INTEGER NOT NULL,
    model_requested TEXT    NOT NULL,
    model_used      TEXT    NOT NULL,
    model_answered  TEXT    NOT NULL,
    provider        TEXT    NOT NULL,
    group_name      TEXT    NOT NULL,
    client          TEXT    NOT NULL,
    status          TEXT    NOT NULL
) STRICT;

DROP INDEX requests_by_status;
DROP INDEX requests_by_provider;
DROP INDEX requests_by_group;
DROP INDEX requests_by_client;
DROP INDEX requests_by_model;
DROP INDEX requests_by_used;
DROP INDEX requests_by_answered;
DROP TABLE model_names;
ALTER TABLE requests ADD COLUMN combination_id INTEGER;
INSERT INTO combinations (id, used_on, model_requested, model_used, model_answered, provider, group_name, client, status) SELECT row_number() OVER (ORDER BY together.provider), 0, together.model_requested, together.model_used, together.model_answered, together.provider, together.group_name, together.client, together.status FROM (SELECT DISTINCT coalesce(requests.model_requested, '') AS model_requested, coalesce(requests.model_used, '') AS model_used, coalesce(requests.model_answered, '') AS model_answered, coalesce(requests.provider, '') AS provider, coalesce(requests.group_name, '') AS group_name, coalesce(requests.client, '') AS client, requests.status AS status FROM requests WHERE requests.is_open = 0) AS together;
CREATE INDEX combinations_by_values ON combinations (provider, client, group_name, status);
UPDATE requests SET combination_id = (SELECT combinations.id FROM combinations WHERE combinations.provider = coalesce(requests.provider, '') AND combinations.client = coalesce(requests.client, '') AND combinations.group_name = coalesce(requests.group_name, '') AND combinations.status = requests.status AND combinations.model_requested = coalesce(requests.model_requested, '') AND combinations.model_used = coalesce(requests.model_used, '') AND combinations.model_answered = coalesce(requests.model_answered, '')) WHERE is_open = 0;
DROP INDEX combinations_by_values;
CREATE INDEX requests_by_combination ON requests (combination_id, started_at, id, token) WHERE is_open = 0;

-- Errors by the combination of their request once it is over, and by the provider that failed.
ALTER TABLE failures ADD COLUMN combination_id INTEGER;
ALTER TABLE failures ADD COLUMN provider TEXT;
UPDATE failures SET combination_id = (SELECT requests.combination_id FROM requests WHERE requests.id = failures.request_id), provider = (SELECT attempts.provider FROM attempts WHERE attempts.request_id = failures.request_id AND attempts.attempt = failures.attempt AND attempts.verdict NOT IN ('ok', 'cancelled'));
CREATE INDEX failures_by_combination ON failures (text_id, combination_id, started_at, request_id);
CREATE INDEX failures_by_provider ON failures (provider, started_at, request_id);
CREATE TABLE failure_combinations (
    text_id        INTEGER NOT NULL,
    combination_id INTEGER NOT NULL,
    PRIMARY KEY (text_id, combination_id)
) STRICT, WITHOUT ROWID;
INSERT INTO failure_combinations (text_id, combination_id) SELECT DISTINCT failures.text_id, failures.combination_id FROM failures WHERE failures.combination_id IS NOT NULL;
