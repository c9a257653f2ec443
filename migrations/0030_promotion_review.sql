-- Which campaigns announce a promotion, their own column says; who enables or edits one finds them by it.
DROP TABLE announcement;
CREATE INDEX campaign_promotion ON campaign (promotion) WHERE promotion IS NOT NULL;

-- What of a promotion waits for a second person.
CREATE TABLE promotion_review (
  promotion INTEGER PRIMARY KEY REFERENCES promotion (id),
  id TEXT NOT NULL,                         -- another one whenever something else is asked for
  what TEXT NOT NULL CHECK (what IN ('ENABLE', 'EDIT')),
  campaign INTEGER,                         -- the announcement that goes with it, a draft until then
  frozen TEXT,                              -- JSON: whom that would tell, and how many they are
  changes TEXT,                             -- EDIT, JSON: what it would say
  authors TEXT NOT NULL,                    -- JSON list of the actors who asked, the last of them last
  at INTEGER NOT NULL
);
