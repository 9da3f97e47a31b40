-- What requests that are no longer kept one by one used and cost: sums by UTC day (its beginning, Unix milliseconds), as
-- a whole (kind 'total', value '') and by each kind of value. These are kept for ever.

CREATE TABLE daily (
    day                   INTEGER NOT NULL,
    kind                  TEXT    NOT NULL,
    value                 TEXT    NOT NULL,
    requests              INTEGER NOT NULL,
    failures              INTEGER NOT NULL,
    unpriced              INTEGER NOT NULL,
    input_tokens          INTEGER NOT NULL,
    output_tokens         INTEGER NOT NULL,
    cache_read_tokens     INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    reasoning_tokens      INTEGER NOT NULL,
    cost                  INTEGER NOT NULL,
    PRIMARY KEY (day, kind, value)
) STRICT, WITHOUT ROWID;
