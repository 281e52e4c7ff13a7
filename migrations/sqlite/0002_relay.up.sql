-- A version exceeds those of all changes that wait.
CREATE INDEX timak_outbox_version ON timak_outbox (version);

-- Dead letters of a row, or of a table.
CREATE INDEX timak_dead_row ON timak_dead (tbl, pk);
