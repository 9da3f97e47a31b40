-- History is read newest first, with (started_at, id) as the place to go on from.

CREATE INDEX requests_by_time     ON requests (started_at, id);
CREATE INDEX requests_by_provider ON requests (provider, started_at, id);
CREATE INDEX requests_by_group    ON requests (group_name, started_at, id);
CREATE INDEX requests_by_client   ON requests (client, started_at, id);
CREATE INDEX requests_by_status   ON requests (status, started_at, id);
CREATE INDEX requests_by_model    ON requests (model_requested, started_at, id);
CREATE INDEX requests_by_used     ON requests (model_used, started_at, id);

-- What a crash leaves behind is found without reading the whole history.
CREATE INDEX attempts_unfinished  ON attempts (request_id) WHERE verdict IS NULL;
