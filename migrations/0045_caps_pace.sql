-- What counts against caps is forgotten on a walk along members, as inboxes are: writing it costs no second tree.
DROP INDEX pressure_day;
