-- Images are written once and read once, as texts: json keeps them so, where
-- jsonb would take them apart and put them together again.
ALTER TABLE timak_outbox ALTER old TYPE json USING old::text::json, ALTER new TYPE json USING new::text::json;
ALTER TABLE timak_dead ALTER old TYPE json USING old::text::json, ALTER new TYPE json USING new::text::json;
