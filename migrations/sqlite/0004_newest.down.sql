CREATE INDEX timak_outbox_version ON timak_outbox (version);
