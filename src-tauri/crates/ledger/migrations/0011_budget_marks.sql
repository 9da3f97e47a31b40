-- Which marks of which budgets a Turnout has acted on (`mark` tells the budget, the amount and what was done), in the
-- period that began then (Unix milliseconds). An `instance` is '' where one is alone.

CREATE TABLE budget_marks (
    period   INTEGER NOT NULL,
    instance TEXT    NOT NULL,
    mark     TEXT    NOT NULL,
    PRIMARY KEY (period, instance, mark)
) STRICT, WITHOUT ROWID;
