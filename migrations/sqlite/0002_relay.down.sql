DROP INDEX timak_dead_row;
