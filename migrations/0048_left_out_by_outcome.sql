-- Rows of one outcome are read a page at a time, however many others lie between them.
CREATE INDEX distribution_left_out_outcome ON distribution_left_out (distribution, outcome);
