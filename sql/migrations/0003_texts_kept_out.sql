-- Purpose: The whole text of rows that are kept out, for those who ask what a row repeats.
-- Grain: As the table says. The files are forgotten, so that the next ingest reads them again.
ALTER TABLE kept_out ADD COLUMN response VARCHAR;
DELETE FROM ingested_files
WHERE file_path IN ('assets/held_out_real.parquet', 'assets/benchmarks.parquet');
