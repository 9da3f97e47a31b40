-- The texts of errors, each once: they are few beside the errors that have them, so that a search begins with them and
-- then reads only the errors that it wants, newest first.
CREATE TABLE failure_texts (
    id   INTEGER NOT NULL PRIMARY KEY,
    text TEXT    NOT NULL
) STRICT;
INSERT INTO failure_texts (id, text) SELECT row_number() OVER (ORDER BY text), text FROM errors GROUP BY text;

-- The errors of requests (attempt 0) and of attempts, in the order of the history. The number of a text is made of it,
-- but for those that stood here before.
CREATE TABLE failures (
    started_at INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    text_id    INTEGER NOT NULL,
    PRIMARY KEY (started_at, request_id, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO failures (started_at, request_id, attempt, text_id) SELECT errors.started_at, errors.request_id, errors.attempt, failure_texts.id FROM errors JOIN failure_texts ON failure_texts.text = errors.text;
DROP TABLE errors;
CREATE INDEX failures_by_text ON failures (text_id, started_at, request_id);
