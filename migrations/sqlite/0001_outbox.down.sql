DROP TABLE IF EXISTS timak_replaced;
DROP TABLE IF EXISTS timak_statement;
DROP TABLE timak_clock;
DROP TABLE timak_dead;
DROP TABLE timak_outbox;
