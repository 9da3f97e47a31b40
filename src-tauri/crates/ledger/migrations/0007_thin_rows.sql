-- Rows of requests and attempts are thin: what is wide, or told more than once, has tables of its own.

-- What happened to a request that the other columns do not tell: where it could go ('routed', with the explanation as
-- JSON), the cost of leaving a cache ('switched'), the marks ('retrying', 'suspended', 'released').
CREATE TABLE events (
    request_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    detail     TEXT,
    PRIMARY KEY (request_id, at, name)
) STRICT, WITHOUT ROWID;
INSERT INTO events (request_id, at, name, detail) SELECT requests.id, requests.started_at, 'routed', requests.explain FROM requests WHERE requests.explain IS NOT NULL;
ALTER TABLE requests DROP COLUMN explain;

-- The prices of attempts, as JSON: what they will cost while they run, and what they did cost. The id is made of the text.
CREATE TABLE prices (
    id         INTEGER NOT NULL PRIMARY KEY,
    text       TEXT    NOT NULL,
    first_used INTEGER NOT NULL
) STRICT;
ALTER TABLE attempts ADD COLUMN price_id INTEGER;
INSERT INTO prices (id, text, first_used) SELECT row_number() OVER (ORDER BY price), price, min(started_at) FROM attempts WHERE price IS NOT NULL GROUP BY price;
UPDATE attempts SET price_id = (SELECT prices.id FROM prices WHERE prices.text = attempts.price) WHERE price IS NOT NULL;
ALTER TABLE attempts DROP COLUMN price;

-- The provider's own id of a request, by which a log of a client names it too.
ALTER TABLE attempts ADD COLUMN upstream_id TEXT;
CREATE INDEX attempts_by_upstream ON attempts (upstream_id);

-- What a search reads through: the errors of requests (attempt 0) and of attempts, in the order of the history.
CREATE TABLE errors (
    started_at INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    text       TEXT    NOT NULL,
    PRIMARY KEY (started_at, request_id, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO errors (started_at, request_id, attempt, text) SELECT requests.started_at, requests.id, 0, requests.error FROM requests WHERE requests.error IS NOT NULL;
INSERT INTO errors (started_at, request_id, attempt, text) SELECT requests.started_at, requests.id, attempts.attempt, attempts.error FROM attempts JOIN requests ON requests.id = attempts.request_id WHERE attempts.error IS NOT NULL;

-- Each index finds one column's value newest first; what is asked for besides is looked at in it, without the row.
DROP INDEX requests_by_provider;
DROP INDEX requests_by_group;
DROP INDEX requests_by_client;
DROP INDEX requests_by_model;
DROP INDEX requests_by_used;
CREATE INDEX requests_by_provider ON requests (provider, started_at, id, status, client, group_name);
CREATE INDEX requests_by_group    ON requests (group_name, started_at, id, status, client);
CREATE INDEX requests_by_client   ON requests (client, started_at, id, status);
CREATE INDEX requests_by_model    ON requests (model_requested, started_at, id, status, provider, client, group_name);
CREATE INDEX requests_by_used     ON requests (model_used, started_at, id, status, provider, client, group_name);
CREATE INDEX requests_by_answered ON requests (model_answered, started_at, id, status, provider, client, group_name);
