ALTER TABLE timak_outbox DROP COLUMN claim;
ALTER TABLE timak_outbox DROP COLUMN progress;
