-- Changes are looked up by row where triggers record them, which bring the index
-- with them.
DROP INDEX IF EXISTS timak_outbox_row;
