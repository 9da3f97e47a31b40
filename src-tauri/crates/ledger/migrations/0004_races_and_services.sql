-- Attempts that lost a race, and the way of serving that was paid for, such as batch. The price of an attempt holds its
-- multiplier, so that `multiplier` is no longer written.

ALTER TABLE attempts ADD COLUMN hedged  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN service TEXT;
