-- Purpose: Read one Parquet file into `verdicts`.
-- Grain: One row per verifier and sample.
-- Parameters: $path, $file_path.
INSERT INTO verdicts (
    sample_id,
    partition,
    verifier,
    position,
    outcome,
    reason,
    score,
    evidence,
    file_path
)
SELECT
    sample_id,
    partition,
    verifier,
    position,
    outcome,
    reason,
    score,
    evidence,
    $file_path
FROM read_parquet($path, hive_partitioning = false);
