DROP FUNCTION timak_json(anyelement);
