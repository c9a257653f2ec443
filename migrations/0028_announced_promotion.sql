-- An announcement names the promotion that it tells of; null for all other campaigns.
ALTER TABLE campaign ADD COLUMN promotion INTEGER REFERENCES promotion (id);
UPDATE campaign SET promotion = (SELECT a.promotion FROM announcement a WHERE a.campaign = campaign.id)
WHERE id IN (SELECT campaign FROM announcement);
