-- Of the database's own triggers those matter to timak_plain that carry a new key to
-- rows which refer to it, as they may lead back to the table; but none of the
-- primary key, which is not updated.
CREATE OR REPLACE FUNCTION timak_plain(tbl regclass) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN current_setting('transaction_isolation') LIKE 'read %' AND (
		SELECT c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relhasrules
			AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tbl AND (NOT t.tgisinternal
				OR t.tgfoid IN ('"RI_FKey_cascade_upd"'::regproc, '"RI_FKey_setnull_upd"'::regproc, '"RI_FKey_setdefault_upd"'::regproc)
				AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = t.tgconstrindid AND i.indisprimary)))
			AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = tbl AND a.attgenerated <> '')
		FROM pg_class c WHERE c.oid = tbl);
END
$$;
