-- Purpose: The rows that were dropped because this one was kept.
-- Grain: One row per duplicate, most similar first.
-- Parameters: $sample_id.
SELECT
    sample_id,
    reason,
    score
FROM decisions
WHERE stage = 'dedup' AND duplicate_of = $sample_id
ORDER BY score DESC, sample_id ASC;
