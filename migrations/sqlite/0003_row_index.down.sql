CREATE INDEX IF NOT EXISTS timak_outbox_row ON timak_outbox (tbl, pk, version);
