-- What was said in requests, where that is kept: by request, attempt (0 is the client's side) and side (request or answer).
-- Secrets were taken out before. The body is as long as `bytes` unless it is cut, or has marks in the place of secrets and
-- images; with `same_as` it is that of another attempt on the same side.

CREATE TABLE bodies (
    request_id   TEXT    NOT NULL,
    attempt      INTEGER NOT NULL,
    side         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    size         INTEGER NOT NULL, -- of the row, in bytes
    method       TEXT,
    address      TEXT,
    status       INTEGER,
    headers      TEXT    NOT NULL, -- JSON: pairs of name and value
    content_type TEXT,
    bytes        INTEGER NOT NULL,
    cut          INTEGER NOT NULL,
    redacted     INTEGER NOT NULL, -- secrets taken out
    media        INTEGER NOT NULL, -- images and the like of which size and hash alone are kept
    same_as      INTEGER,
    encoding     TEXT    NOT NULL, -- of the body: zstd
    body         BLOB    NOT NULL,
    PRIMARY KEY (request_id, attempt, side)
) STRICT;
CREATE INDEX bodies_by_time ON bodies (at, request_id, size);

-- The earlier request that a request is, sent again.
ALTER TABLE requests ADD COLUMN replay_of TEXT;
