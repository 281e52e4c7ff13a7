DROP TABLE timak_marks;
