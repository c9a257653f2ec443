-- Operators are persons, and tokens belong to them: two tokens of one person are not two pairs of eyes. Names are
-- compared folded; the code folds more than SQLite can (it looks at every name, of which there are few).
CREATE TABLE operator (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,                       -- as it was first written
  folded TEXT NOT NULL UNIQUE,              -- as it is compared
  created_at INTEGER NOT NULL
);
INSERT INTO operator (name, folded, created_at)
  SELECT trim(name), lower(trim(name)), min(created_at) FROM access_token WHERE kind = 'operator'
  GROUP BY lower(trim(name)) ORDER BY min(id);
ALTER TABLE access_token ADD COLUMN operator INTEGER REFERENCES operator (id); -- null = a service's
UPDATE access_token SET operator = (SELECT o.id FROM operator o WHERE o.folded = lower(trim(access_token.name)))
  WHERE kind = 'operator';
CREATE INDEX access_token_operator ON access_token (operator) WHERE operator IS NOT NULL;

-- Who wrote which version of what, and what changed in it. A thing's version is its last one here; 0 = nobody knows.
CREATE TABLE revision (
  subject TEXT NOT NULL,                    -- campaign/7, as in the audit
  version INTEGER NOT NULL,                 -- from 1
  author TEXT NOT NULL,                     -- whom it is compared by: operator/3, service/2, job/demo
  actor TEXT NOT NULL,                      -- the same in words
  fields TEXT NOT NULL,                     -- JSON list of what changed
  at INTEGER NOT NULL,                      -- ms
  PRIMARY KEY (subject, version)
) WITHOUT ROWID;
INSERT INTO revision (subject, version, author, actor, fields, at)
  SELECT subject, 1,
    coalesce((SELECT 'operator/' || o.id FROM operator o WHERE 'operator ' || o.folded = lower(who)), who), who,
    '["created"]', at
  FROM (
    SELECT 'campaign/' || id AS subject, author AS who, created_at AS at FROM campaign
    UNION ALL
    SELECT 'coupon-template/' || id, created_by, created_at FROM coupon_template WHERE recurring_template IS NULL
    UNION ALL
    SELECT subject, actor, at FROM audit WHERE subject LIKE 'promotion/%' AND what = 'created');
