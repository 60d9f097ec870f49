-- Purpose: Read one Parquet file into `training_rows`.
-- Grain: One row per training row, in the order of the file.
-- Parameters: $path, $file_path, $partition.
INSERT INTO training_rows (
    partition,
    sample_id,
    position,
    recipe,
    recipe_version,
    content_hash,
    split,
    copy,
    file_path
)
SELECT
    $partition,
    sample_id,
    file_row_number,
    recipe,
    recipe_version,
    content_hash,
    split,
    copy,
    $file_path
FROM read_parquet($path, hive_partitioning = false, file_row_number = true);
