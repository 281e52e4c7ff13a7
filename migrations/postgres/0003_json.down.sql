ALTER TABLE timak_dead ALTER old TYPE jsonb USING old::text::jsonb, ALTER new TYPE jsonb USING new::text::jsonb;
ALTER TABLE timak_outbox ALTER old TYPE jsonb USING old::text::jsonb, ALTER new TYPE jsonb USING new::text::jsonb;
