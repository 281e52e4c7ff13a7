-- The transaction that wrote a change, whatever its savepoints: it finds its own
-- when it is about to commit. It costs an insert eight bytes and no index.
ALTER TABLE timak_outbox ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();

-- Dead letters of a row, or of a table.
CREATE INDEX timak_dead_row ON timak_dead (tbl, pk);
