-- Purpose: What is in the database, to compare with what is on disk.
-- Grain: One row per ingested file.
SELECT
    file_path,
    size_bytes,
    mtime_ns
FROM ingested_files
ORDER BY file_path;
