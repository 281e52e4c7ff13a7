DROP INDEX timak_dead_row;
DROP INDEX timak_outbox_version;
