DROP FUNCTION timak_plain(regclass);
