-- Whether an update of a table does nothing but what it says: no trigger, rule or
-- generated column has a part in it, nor a table below it, and the answer is about
-- the moment in which it is given. An update asks in its own WHERE, after it has
-- locked the table against those that would change the answer.
CREATE FUNCTION timak_plain(tbl regclass) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN current_setting('transaction_isolation') LIKE 'read %' AND (
		SELECT c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relhasrules
			AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tbl AND NOT t.tgisinternal)
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = tbl AND a.attgenerated <> '')
		FROM pg_class c WHERE c.oid = tbl);
END
$$;
