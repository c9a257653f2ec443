-- Which channel's provider knows a push token. Until now there was one: Firebase Cloud Messaging, by the channel PUSH.
ALTER TABLE push_token ADD COLUMN channel TEXT NOT NULL DEFAULT 'PUSH';
DROP INDEX push_token_member;
CREATE INDEX push_token_member ON push_token (member, channel);
