-- Places in the history of a store that may lose what it has acknowledged: before
-- each of them is what was relayed until then. Empty for a store that loses nothing.
CREATE TABLE timak_marks (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	mark text NOT NULL,                      -- in the words of the store; empty: before everything
	lost_at bigint,                          -- microseconds; the store has it no longer, and is to be rebuilt
	renewed_at bigint NOT NULL DEFAULT 0,    -- microseconds, of the database's clock; when its relay last set it
	rebuild_until bigint NOT NULL DEFAULT 0, -- microseconds; until then somebody rebuilds
	rebuild_from bigint NOT NULL DEFAULT 0   -- microseconds; not before, as a rebuild has failed
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
