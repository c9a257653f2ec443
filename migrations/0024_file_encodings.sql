-- How the bytes of a file were read: a name of the Encoding Standard, and 1 when neither the file nor anybody said so.
-- Null for files of before, which were taken for UTF-8.

ALTER TABLE import_task ADD COLUMN encoding TEXT;
ALTER TABLE import_task ADD COLUMN encoding_guessed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE code_pool ADD COLUMN encoding TEXT;
ALTER TABLE code_pool ADD COLUMN encoding_guessed INTEGER NOT NULL DEFAULT 0;
