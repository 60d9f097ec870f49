-- Purpose: The completions a sample was made of.
-- Grain: One row per completion, in the order of the file.
-- Parameters: $sample_id, $partition.
SELECT
    fingerprint,
    step,
    teacher,
    model,
    finish_reason,
    prompt_tokens,
    completion_tokens,
    cost_usd,
    latency_s,
    from_ledger
FROM calls
WHERE sample_id = $sample_id AND partition = $partition
ORDER BY rowid;
