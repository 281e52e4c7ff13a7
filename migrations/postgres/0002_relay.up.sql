-- The transaction that wrote a change, whatever its savepoints: it finds its own
-- when it is about to commit. It costs an insert eight bytes and no index.
ALTER TABLE timak_outbox ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();

-- A version exceeds those of all changes that wait. Unless the clock was set
-- back, none of them is above it, and the end of this index, where it looks, is
-- where it is to be put. An index of the rows would cost a statement about many
-- a third of its time in the outbox.
DROP INDEX timak_outbox_row;
CREATE INDEX timak_outbox_version ON timak_outbox (version);

-- The version of a statement's changes, once its rows are locked: what the clock
-- says, or more if that was set back. Called once, for all of its rows. Planned
-- when nothing waits, it must still use the index when a million changes do.
CREATE FUNCTION timak_version(floor bigint) RETURNS bigint
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
BEGIN
	RETURN (
		SELECT greatest(
			b.now,
			floor,
			(SELECT high + 2 FROM timak_clock),
			(SELECT o.version + 2 FROM timak_outbox o WHERE o.version > b.now - 2 ORDER BY o.version DESC LIMIT 1)
		)
		FROM (SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) b
	);
END
$$;

-- Dead letters of a row, or of a table.
CREATE INDEX timak_dead_row ON timak_dead (tbl, pk);
