-- Requests that another program's log tells of, by which it was; and which of such requests were taken in once, for ever,
-- as their rows can be gone when the log is read again.

ALTER TABLE requests ADD COLUMN source TEXT;
CREATE INDEX requests_by_session ON requests (session, started_at, id);

CREATE TABLE imported (
    id                    TEXT    NOT NULL PRIMARY KEY,
    at                    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
