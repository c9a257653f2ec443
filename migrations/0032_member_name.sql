-- What a member is called: a column of its own. Who was called something by an attribute still is, and keeps it.
ALTER TABLE member ADD COLUMN name TEXT;
UPDATE member SET name = trim(attributes ->> '$.name')
WHERE json_type(attributes, '$.name') = 'text' AND length(trim(attributes ->> '$.name')) BETWEEN 1 AND 200
  AND instr(attributes ->> '$.name', char(10)) = 0 AND deleted_at IS NULL;
-- By name somebody at the desk looks for them, in capitals or not.
CREATE INDEX member_name ON member (name COLLATE NOCASE) WHERE name IS NOT NULL;

-- Which reminder a campaign is.
CREATE INDEX coupon_notice_campaign ON coupon_notice (campaign) WHERE campaign IS NOT NULL;
