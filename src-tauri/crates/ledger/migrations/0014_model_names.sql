-- The names of models that stand in the history, by the column that has them: what a search looks through, since not
-- every database finds the different values of an index without reading all of it.
CREATE TABLE model_names (
    place TEXT NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (place, name)
) STRICT, WITHOUT ROWID;
INSERT INTO model_names (place, name) SELECT DISTINCT 'model_requested', requests.model_requested FROM requests WHERE requests.model_requested IS NOT NULL;
INSERT INTO model_names (place, name) SELECT DISTINCT 'model_used', requests.model_used FROM requests WHERE requests.model_used IS NOT NULL;
INSERT INTO model_names (place, name) SELECT DISTINCT 'model_answered', requests.model_answered FROM requests WHERE requests.model_answered IS NOT NULL;
