-- What was approved, or launched, is frozen: whom it is for and how many that were; each start counts again.
ALTER TABLE campaign ADD COLUMN frozen TEXT; -- JSON: audience (a segment's filter copied), members …; null = a draft
-- Nobody counted whom these were approved for: they go on whatever their number, but those launched without approval.
UPDATE campaign SET frozen = json_object(
    'audience', CASE WHEN EXISTS (SELECT 1 FROM segment s WHERE s.id = campaign.audience ->> '$.segment')
      THEN json_object('filter', (SELECT json(s.filter) FROM segment s WHERE s.id = campaign.audience ->> '$.segment'))
      ELSE json(audience) END,
    'members', CASE WHEN approver IS NULL AND author NOT LIKE 'job %' THEN 0 END,
    'segmentVersion', 0,
    'templateVersion', CASE WHEN coupon_template IS NULL THEN 0 ELSE 1 END,
    'at', updated_at)
  WHERE state IN ('APPROVED', 'ACTIVE', 'PAUSED');

-- A run that would reach more than was approved waits: IN_REVIEW. The states are checked where they are written, for a
-- CHECK cannot be widened.
ALTER TABLE run ADD COLUMN new_state TEXT NOT NULL DEFAULT 'PENDING';
UPDATE run SET new_state = state;
DROP INDEX run_unfinished;
ALTER TABLE run DROP COLUMN state;
ALTER TABLE run RENAME COLUMN new_state TO state;
CREATE INDEX run_unfinished ON run (state, due_at)
  WHERE state IN ('PENDING', 'IN_REVIEW', 'RUNNING', 'PAUSED', 'CANCELLING');
ALTER TABLE run ADD COLUMN review TEXT;      -- JSON: how many it would reach, of IN_REVIEW or when it last was
-- So many members may be written of a run, whatever its filter selects by the time that a page is; null = any number.
ALTER TABLE run ADD COLUMN at_most INTEGER CHECK (at_most IS NULL OR matched <= at_most);

-- What a second person approved of a template: so many coupons, at most that cost, leading there.
ALTER TABLE coupon_template ADD COLUMN approval TEXT;
