-- Purpose: Read one Parquet file into `decisions`.
-- Grain: One row per row the stage was given.
-- Parameters: $path, $file_path.
INSERT INTO decisions (
    sample_id,
    stage,
    partition,
    recipe,
    outcome,
    reason,
    score,
    duplicate_of,
    detail,
    file_path
)
SELECT
    sample_id,
    stage,
    partition,
    recipe,
    outcome,
    reason,
    score,
    duplicate_of,
    detail,
    $file_path
FROM read_parquet($path, hive_partitioning = false);
