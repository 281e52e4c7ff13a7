DROP TABLE timak_clock;
DROP TABLE timak_dead;
DROP TABLE timak_outbox;
