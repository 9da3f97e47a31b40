-- The provider's own id of a request, by which a log of a client names it too.

ALTER TABLE attempts ADD COLUMN upstream_id TEXT;
CREATE INDEX attempts_by_upstream ON attempts (upstream_id);
