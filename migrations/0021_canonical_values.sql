-- Ids and tags are kept without blanks at their ends and without what nobody sees, as whatever looks for them is. Where
-- a member bears the id already that another's would become, both stay as they are: two are never made one. What must
-- be composed anew (NFC) follows when the shop next sends the member.

UPDATE OR IGNORE member SET external_id = clean.id
FROM (
  SELECT seq, trim(
    replace(replace(replace(replace(replace(replace(external_id, char(8203), ''), char(65279), ''), char(8288), ''),
      char(173), ''), char(8206), ''), char(8207), ''), char(32, 9, 10, 13, 160, 8239, 12288)) AS id
  FROM member) AS clean
WHERE clean.seq = member.seq AND clean.id <> member.external_id AND clean.id <> '';

UPDATE OR IGNORE member_tag SET tag = clean.name
FROM (
  SELECT member, tag, trim(
    replace(replace(replace(replace(replace(replace(tag, char(8203), ''), char(65279), ''), char(8288), ''),
      char(173), ''), char(8206), ''), char(8207), ''), char(32, 9, 10, 13, 160, 8239, 12288)) AS name
  FROM member_tag) AS clean
WHERE clean.member = member_tag.member AND clean.tag = member_tag.tag
  AND clean.name <> member_tag.tag AND clean.name <> '';
-- Who has the tag already keeps it once.
DELETE FROM member_tag
WHERE tag <> trim(tag, char(32, 9, 10, 13, 160, 8239, 12288)) AND EXISTS (
  SELECT 1 FROM member_tag t
  WHERE t.member = member_tag.member AND t.tag = trim(member_tag.tag, char(32, 9, 10, 13, 160, 8239, 12288)));

-- A zero in brackets was taken for part of the number, which then was nobody's: +49015… is +4915…. In these countries
-- no number has the zero that is dialled inside them.
UPDATE member SET phone = substr(phone, 1, 3) || substr(phone, 5)
WHERE phone > '+2' AND phone < '+:' AND substr(phone, 4, 1) = '0'
  AND substr(phone, 2, 2) IN ('20', '27', '31', '32', '33', '41', '43', '44', '46', '49', '61', '62', '63', '64', '66',
    '81', '82', '84', '86', '90', '91', '92', '94');
