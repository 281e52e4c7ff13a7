-- Places in the history of a store that may lose what it has acknowledged: before
-- each of them is what was relayed until then. Empty for a store that loses nothing.
CREATE TABLE timak_marks (
	id integer PRIMARY KEY AUTOINCREMENT,
	mark text NOT NULL,                       -- in the words of the store; empty: before everything
	lost_at integer,                          -- microseconds; the store has it no longer, and is to be rebuilt
	renewed_at integer NOT NULL DEFAULT 0,    -- microseconds, of the database's clock; when its relay last set it
	rebuild_until integer NOT NULL DEFAULT 0, -- microseconds; until then somebody rebuilds
	rebuild_from integer NOT NULL DEFAULT 0   -- microseconds; not before, as a rebuild has failed
);
