-- What a provider said when it put a batch off: how often, since when, and when it is asked again. Kept from the first
-- refusal until the provider takes what it refused.
ALTER TABLE batch ADD COLUMN refusal TEXT;
ALTER TABLE batch ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN refused_since INTEGER; -- ms
ALTER TABLE batch ADD COLUMN retry_at INTEGER;      -- ms
CREATE INDEX batch_refused ON batch (run, channel, state) WHERE refusal IS NOT NULL;
