-- What receivers answer is for admins, and stands by itself; why nothing came of an attempt is told in words of ours,
-- all ways of getting no answer in the same ones.

ALTER TABLE webhook_delivery ADD COLUMN answer TEXT; -- null when it took it, or said nothing

UPDATE webhook_delivery SET answer = error, error = 'the endpoint did not take it'
WHERE status IS NOT NULL AND (error GLOB 'the endpoint refused it (*' OR error GLOB 'it answered with a redirect*');

UPDATE webhook_delivery SET error = 'it could not be reached, or did not answer in time'
WHERE error GLOB 'it could not be reached*' OR error GLOB 'no answer within *';
