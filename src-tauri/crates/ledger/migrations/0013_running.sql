-- A request that runs is written again and again. What finds it by its values is written once, when it is over; until
-- then it is found among those that run, which are few.
ALTER TABLE requests ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;
UPDATE requests SET is_open = 1 WHERE status IN ('pending', 'forwarding', 'streaming');

DROP INDEX requests_by_status;
DROP INDEX requests_by_provider;
DROP INDEX requests_by_group;
DROP INDEX requests_by_client;
DROP INDEX requests_by_model;
DROP INDEX requests_by_used;
DROP INDEX requests_by_answered;
CREATE INDEX requests_running     ON requests (started_at, id) WHERE is_open = 1;
CREATE INDEX requests_by_status   ON requests (status, started_at, id) WHERE is_open = 0;
CREATE INDEX requests_by_provider ON requests (provider, started_at, id, status, client, group_name) WHERE is_open = 0;
CREATE INDEX requests_by_group    ON requests (group_name, started_at, id, status, client) WHERE is_open = 0;
CREATE INDEX requests_by_client   ON requests (client, started_at, id, status) WHERE is_open = 0;
CREATE INDEX requests_by_model    ON requests (model_requested, started_at, id, status, provider, client, group_name) WHERE is_open = 0;
CREATE INDEX requests_by_used     ON requests (model_used, started_at, id, status, provider, client, group_name) WHERE is_open = 0;
CREATE INDEX requests_by_answered ON requests (model_answered, started_at, id, status, provider, client, group_name) WHERE is_open = 0;

DROP INDEX attempts_by_upstream;
CREATE INDEX attempts_by_upstream ON attempts (upstream_id) WHERE upstream_id IS NOT NULL;
