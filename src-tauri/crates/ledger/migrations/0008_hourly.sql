-- Sums of the requests that arrived in a UTC hour (its beginning, Unix milliseconds) that is over: as a whole (kind
-- 'total', value '') and by each kind of value. An hour with a total is summed, one without is read row by row. `known`
-- is 0 where the value is missing. Costs are millionths of pico-dollars and what remains; times are counts in classes,
-- as CLASS:COUNT.

CREATE TABLE hourly (
    kind                  TEXT    NOT NULL,
    hour                  INTEGER NOT NULL,
    known                 INTEGER NOT NULL,
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
    millions              INTEGER NOT NULL,
    remainders            INTEGER NOT NULL,
    ttft_classes          TEXT    NOT NULL,
    duration_classes      TEXT    NOT NULL,
    PRIMARY KEY (kind, hour, known, value)
) STRICT, WITHOUT ROWID;

-- Whoever sums an hour, or changes one that is over, holds this row meanwhile: several may share the database.
CREATE TABLE hourly_lock (
    id INTEGER NOT NULL PRIMARY KEY
) STRICT;

INSERT INTO hourly_lock VALUES (1);
