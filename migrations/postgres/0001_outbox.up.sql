-- A row is a change of one row of a tracked table, written in its transaction.
CREATE TABLE timak_outbox (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	version bigint NOT NULL,             -- microseconds; rises with every change of (tbl, pk)
	tbl text NOT NULL,
	pk text NOT NULL,                    -- JSON array of the primary key's columns
	old jsonb,                           -- image before the change; NULL: the row was not to be seen
	new jsonb,                           -- image after it
	attempts integer NOT NULL DEFAULT 0, -- failed tries to apply it, outages not counted
	run_at bigint NOT NULL DEFAULT 0,    -- microseconds; not to be tried before
	error text                           -- what the last try said
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

CREATE INDEX timak_outbox_row ON timak_outbox (tbl, pk, version);

-- Changes that cannot be applied, with the reason.
CREATE TABLE timak_dead (
	id bigint PRIMARY KEY,               -- as in timak_outbox
	version bigint NOT NULL,
	tbl text NOT NULL,
	pk text NOT NULL,
	old jsonb,
	new jsonb,
	error text NOT NULL,
	died_at timestamptz NOT NULL DEFAULT now()
);

-- The highest version that ever left the outbox: what the next version of any
-- row exceeds, even when the clock was set back.
CREATE TABLE timak_clock (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	high bigint NOT NULL
);
INSERT INTO timak_clock (high) VALUES (0);
