-- How far a change has come that goes to many timelines, one part after another: JSON
-- of the relay's. NULL at the beginning.
ALTER TABLE timak_outbox ADD COLUMN progress text;
-- The version with which a relay removes what a changed subscription ends. Only the relay
-- that has claimed the change last may settle it. NULL: nobody has.
ALTER TABLE timak_outbox ADD COLUMN claim bigint;
