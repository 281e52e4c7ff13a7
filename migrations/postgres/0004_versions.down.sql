UPDATE timak_clock SET high = greatest(high, (SELECT last_value FROM timak_versions));
CREATE INDEX timak_outbox_version ON timak_outbox (version);
CREATE OR REPLACE FUNCTION timak_version(floor bigint) RETURNS bigint
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
BEGIN
	RETURN (
		SELECT greatest(
			b.now,
			floor,
			(SELECT high + 2 FROM timak_clock),
			(SELECT o.version + 2 FROM timak_outbox o WHERE o.version > b.now - 2 ORDER BY o.version DESC LIMIT 1)
		)
		FROM (SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) b
	);
END
$$;
DROP SEQUENCE timak_versions;
