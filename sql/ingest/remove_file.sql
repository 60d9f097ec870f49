-- Purpose: Forget a file and every row that came from it, whichever table holds them.
-- Grain: All rows of one file.
-- Parameters: $file_path, relative to the home folder.
DELETE FROM recipe_versions
WHERE file_path = $file_path;
DELETE FROM seeds
WHERE file_path = $file_path;
DELETE FROM samples
WHERE file_path = $file_path;
DELETE FROM calls
WHERE file_path = $file_path;
DELETE FROM verdicts
WHERE file_path = $file_path;
DELETE FROM decisions
WHERE file_path = $file_path;
DELETE FROM training_rows
WHERE file_path = $file_path;
DELETE FROM kept_out
WHERE file_path = $file_path;
DELETE FROM ingested_files
WHERE file_path = $file_path;
