DROP INDEX timak_dead_row;
DROP FUNCTION timak_version(bigint);
DROP INDEX timak_outbox_version;
CREATE INDEX timak_outbox_row ON timak_outbox (tbl, pk, version);
ALTER TABLE timak_outbox DROP COLUMN xid;
