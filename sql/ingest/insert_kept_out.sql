-- Purpose: Read one Parquet file into `kept_out`.
-- Grain: One row per row to keep out; the split is the file's.
-- Parameters: $path, $file_path, $partition.
INSERT INTO kept_out (
    sample_id,
    split,
    source,
    content_hash,
    prompt,
    response,
    file_path
)
SELECT
    sample_id,
    $partition,
    source,
    content_hash,
    prompt,
    response,
    $file_path
FROM read_parquet($path, hive_partitioning = false);
