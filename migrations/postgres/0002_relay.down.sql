DROP INDEX timak_dead_row;
ALTER TABLE timak_outbox DROP COLUMN xid;
