-- A value as JSON, the same whatever the settings of the session are. It is for
-- types whose texts depend on them: not for money, which depends on lc_monetary,
-- nor for the names that depend on the search_path.
CREATE FUNCTION timak_json(value anyelement) RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE
SET extra_float_digits = 1 SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET bytea_output = 'hex' AS $$
BEGIN
	RETURN pg_catalog.to_json(value);
END
$$;
