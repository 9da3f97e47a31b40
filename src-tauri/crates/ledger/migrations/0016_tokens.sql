-- The requests of a client token stand in the order of the history.
DROP INDEX requests_by_token;
CREATE INDEX requests_by_token ON requests (token, started_at, id);
