DROP TABLE timak_timelines;
