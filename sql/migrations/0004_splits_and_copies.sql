-- Purpose: The split of training rows, and which copy of a sample each is.
-- Grain: As the table says. The files are forgotten, so that the next ingest reads them again.
ALTER TABLE training_rows ADD COLUMN split VARCHAR;
ALTER TABLE training_rows ADD COLUMN copy BIGINT;
DELETE FROM training_rows;
DELETE FROM ingested_files
WHERE file_path LIKE 'assets/training_sets/%';
