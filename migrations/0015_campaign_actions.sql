-- What a campaign can do is a list in the code (src/campaign/action), checked by the only writer: a CHECK that SQLite
-- cannot widen would want a column made anew for each addition.
ALTER TABLE campaign ADD COLUMN action TEXT NOT NULL DEFAULT 'ANNOUNCEMENT';
UPDATE campaign SET action = kind;
ALTER TABLE campaign DROP COLUMN kind;
ALTER TABLE campaign RENAME COLUMN action TO kind;

-- A run keeps its campaign's action with its facts, whichever it is; so far these were its coupons, or nothing.
UPDATE run SET frozen = json_set(json_remove(frozen, '$.coupon'), '$.action',
    CASE json_type(frozen, '$.coupon') WHEN 'object' THEN json_extract(frozen, '$.coupon')
      ELSE json('{"kind":"ANNOUNCEMENT"}') END)
  WHERE frozen IS NOT NULL;
