-- Dead letters of a row, or of a table.
CREATE INDEX timak_dead_row ON timak_dead (tbl, pk);
