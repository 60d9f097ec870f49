-- Purpose: What each verifier said of a sample.
-- Grain: One row per verifier, in the order they ran.
-- Parameters: $sample_id, $partition.
SELECT
    verifier,
    outcome,
    reason,
    score,
    evidence
FROM verdicts
WHERE sample_id = $sample_id AND partition = $partition
ORDER BY position;
