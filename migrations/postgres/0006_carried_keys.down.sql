CREATE OR REPLACE FUNCTION timak_plain(tbl regclass) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN current_setting('transaction_isolation') LIKE 'read %' AND (
		SELECT c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relhasrules
			AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tbl AND NOT t.tgisinternal)
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = tbl AND a.attgenerated <> '')
		FROM pg_class c WHERE c.oid = tbl);
END
$$;
