-- A row holds what is stored under one key: its siblings, as two arrays of the same
-- length. A put rewrites the row.
CREATE TABLE timak_timelines (
	key bytea PRIMARY KEY,  -- any bytes; convert_from(key, 'UTF8') shows it
	dots bigint[] NOT NULL, -- of each sibling, the random number that its put drew
	vals bytea[] NOT NULL   -- of each sibling, the value
) WITH (
	fillfactor = 50, -- a put then finds room for the new row on the old one's page
	autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_cost_delay = 0,
	toast.autovacuum_vacuum_threshold = 2000, -- 4 MB
	toast.autovacuum_vacuum_scale_factor = 0.02,
	toast.autovacuum_vacuum_cost_delay = 0
);

-- Values are compressed already.
ALTER TABLE timak_timelines ALTER COLUMN vals SET STORAGE EXTERNAL;
