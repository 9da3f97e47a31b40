-- Which Turnout runs a request: several may share one database, and each closes only what it left open itself.

ALTER TABLE requests ADD COLUMN instance TEXT;
