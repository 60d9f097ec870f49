-- Purpose: Read one Parquet file into `calls`.
-- Grain: One row per completion used for a sample.
-- Parameters: $path, $file_path.
INSERT INTO calls (
    fingerprint,
    partition,
    sample_id,
    step,
    teacher,
    model,
    finish_reason,
    prompt_tokens,
    completion_tokens,
    cost_usd,
    latency_s,
    from_ledger,
    file_path
)
SELECT
    fingerprint,
    partition,
    sample_id,
    step,
    teacher,
    model,
    finish_reason,
    prompt_tokens,
    completion_tokens,
    cost_usd,
    latency_s,
    from_ledger,
    $file_path
FROM read_parquet($path, hive_partitioning = false);
