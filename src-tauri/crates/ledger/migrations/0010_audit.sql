-- What was asked of the admin API: who, from where, what came of it, and what is otherwise since. Kept for a time of its own.

CREATE TABLE audit (
    id          TEXT    NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    peer        TEXT,
    action      TEXT    NOT NULL,
    target      TEXT,
    result      TEXT    NOT NULL,
    http_status INTEGER,
    request_id  TEXT,
    tries       INTEGER NOT NULL,
    error       TEXT,
    changes     TEXT    NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_time ON audit (at, id);

-- When a client token was used last, and what was done with it.
CREATE INDEX requests_by_token ON requests (token, started_at);
