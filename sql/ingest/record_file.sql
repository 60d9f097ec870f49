-- Purpose: Remember a file as it was when its rows were read.
-- Grain: One row per ingested file.
-- Parameters: $file_path, $size_bytes, $mtime_ns, $row_count.
INSERT INTO ingested_files (file_path, size_bytes, mtime_ns, row_count)
VALUES ($file_path, $size_bytes, $mtime_ns, $row_count);
