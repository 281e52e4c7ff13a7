-- A row is a change of one row of a tracked table, written in its transaction.
CREATE TABLE timak_outbox (
	id integer PRIMARY KEY AUTOINCREMENT,
	version integer NOT NULL,            -- microseconds; rises with every change of (tbl, pk)
	tbl text NOT NULL,
	pk text NOT NULL,                    -- JSON array of the primary key's columns
	old text,                            -- JSON image before the change; NULL: the row was not to be seen
	new text,                            -- JSON image after it
	attempts integer NOT NULL DEFAULT 0, -- failed tries to apply it, outages not counted
	run_at integer NOT NULL DEFAULT 0,   -- microseconds; not to be tried before
	error text                           -- what the last try said
);

CREATE INDEX timak_outbox_row ON timak_outbox (tbl, pk, version);

-- Changes that cannot be applied, with the reason.
CREATE TABLE timak_dead (
	id integer PRIMARY KEY,              -- as in timak_outbox
	version integer NOT NULL,
	tbl text NOT NULL,
	pk text NOT NULL,
	old text,
	new text,
	error text NOT NULL,
	died_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- The highest version that ever left the outbox: what the next version of any
-- row exceeds, even when the clock was set back.
CREATE TABLE timak_clock (
	one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
	high integer NOT NULL
);
INSERT INTO timak_clock (high) VALUES (0);
