-- What it cost to leave a warm cache, in pico-dollars, and where the request could have gone, as JSON.

ALTER TABLE requests ADD COLUMN switch_cost INTEGER;
ALTER TABLE requests ADD COLUMN explain     TEXT;
