-- Versions are those of a sequence that keeps up with the clock. It knows no
-- snapshot, so that a version exceeds every one that was drawn before, by whatever
-- transaction, and however far the clock is set back; and it is no row that
-- transactions would have to wait for, or be serialized by. By two, as a change
-- removes with its version and puts with the next.
CREATE SEQUENCE timak_versions INCREMENT BY 2;
SELECT setval('timak_versions', greatest(
	(SELECT high FROM timak_clock),
	(SELECT max(version) FROM timak_outbox),
	(SELECT max(version) FROM timak_dead),
	1));
DROP INDEX timak_outbox_version;

-- The version of a statement's changes, once its rows are locked, at or above a
-- floor; drawn once for all of them. It is never behind the clock. Where it would
-- be, the sequence is set forward, to 10 ms ahead of the clock, under a lock, by one
-- at a time: the others that notice it wait, having taken a number each, which
-- cannot be as many as to get there. A floor from ahead of the clock leaves more
-- room, as nobody waits then. It is one expression from taking the lock to leaving
-- it, in which nothing can be cancelled. All names are written out, so that no
-- search_path leads elsewhere.
DO $do$
BEGIN
	EXECUTE format($create$
CREATE OR REPLACE FUNCTION %1$I.timak_version(floor bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	drawn pg_catalog.int8 := pg_catalog.nextval(%2$L);
	now pg_catalog.int8 := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000;
	least pg_catalog.int8 := GREATEST(floor, now);
BEGIN
	IF drawn OPERATOR(pg_catalog.>=) least THEN
		RETURN drawn;
	END IF;
	RETURN CASE
		WHEN pg_catalog.pg_advisory_lock(%3$s) IS NULL THEN NULL
		WHEN pg_catalog.nextval(%2$L) OPERATOR(pg_catalog.>=) least THEN
			CASE WHEN pg_catalog.pg_advisory_unlock(%3$s) THEN pg_catalog.currval(%2$L) END
		WHEN pg_catalog.setval(%2$L, CASE
			WHEN floor OPERATOR(pg_catalog.>) now THEN floor OPERATOR(pg_catalog.+) 10000000
			ELSE now OPERATOR(pg_catalog.+) 10000
		END) IS NOT NULL THEN
			CASE WHEN pg_catalog.pg_advisory_unlock(%3$s) THEN pg_catalog.currval(%2$L) END
	END;
END
$$
	$create$, current_schema(), quote_ident(current_schema()) || '.timak_versions', x'74696d616d'::bigint);
END
$do$;
