-- A row holds what is stored under one key: its siblings, each with a dot, which is the
-- random number that its put drew. Most keys have only one. A put rewrites the row.
CREATE TABLE timak_timelines (
	key bytea PRIMARY KEY,  -- any bytes; convert_from(key, 'UTF8') shows it
	dot bigint NOT NULL,    -- of the sibling put last
	value bytea NOT NULL,
	other_dots bigint[],    -- of the others, the earlier the later; NULL if there are none
	other_values bytea[]
) WITH (
	fillfactor = 50, -- a put then finds room for the new row on the old one's page
	autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_cost_delay = 0,
	toast.autovacuum_vacuum_threshold = 2000, -- 4 MB
	toast.autovacuum_vacuum_scale_factor = 0.02,
	toast.autovacuum_vacuum_cost_delay = 0
);

-- Values are compressed already.
ALTER TABLE timak_timelines ALTER COLUMN value SET STORAGE EXTERNAL;
ALTER TABLE timak_timelines ALTER COLUMN other_values SET STORAGE EXTERNAL;
