-- Wallets: what finds the coupons that expire, who wants to be reminded of a drop, and the reminders that went out. Times are ms.

-- By template, so that what expires is counted with its template, and finding templates that have such coupons does not walk the coupons.
-- `reserve >= 0` is always true: it keeps the index for those who ask for it with these words. Others are found by member, or by id, and
-- SQLite, which does not know that a template has a million coupons, would take this one instead.
DROP INDEX coupon_expiry;
CREATE INDEX coupon_available ON coupon (template, valid_to) WHERE state = 'AVAILABLE' AND reserve >= 0;

-- Members who want to hear of a template before it opens. What recurs is asked for by its occurrence.
CREATE TABLE coupon_reminder (
  template INTEGER NOT NULL REFERENCES coupon_template (id),
  member INTEGER NOT NULL,
  at INTEGER NOT NULL,                      -- when they asked
  PRIMARY KEY (template, member)
) WITHOUT ROWID;
CREATE INDEX coupon_reminder_member ON coupon_reminder (member);

-- How members are reminded; what is not said here is as the code has it. Template 0 is all of them.
CREATE TABLE coupon_notice_policy (
  kind TEXT NOT NULL CHECK (kind IN ('DROP', 'EXPIRY')),
  template INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  lead INTEGER,                             -- how long before, ms
  channels TEXT,                            -- JSON list, in order of preference
  content TEXT,                             -- JSON: channel → locale → parts
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (kind, template)
) WITHOUT ROWID;

-- Reminders that were decided on, each once: before a drop (slot 0), or of the coupons that expire in the hour that begins with the slot.
CREATE TABLE coupon_notice (
  kind TEXT NOT NULL,
  template INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  campaign INTEGER,                         -- that tells of it; null when there was nobody to tell
  at INTEGER NOT NULL,
  PRIMARY KEY (kind, template, slot)
) WITHOUT ROWID;
CREATE INDEX coupon_notice_at ON coupon_notice (at);
