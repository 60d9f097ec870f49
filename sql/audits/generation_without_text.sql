-- Purpose: Generation and its output disagree: kept without a sample, or a sample not kept.
-- Grain: One row per sample id per live recipe version.
WITH kept AS (
    SELECT
        sample_id,
        sample_partition
    FROM live_decisions
    WHERE stage = 'generate' AND outcome = 'kept'
),

texts AS (
    SELECT
        sample_id,
        partition
    FROM live_samples
    WHERE partition <> 'all'
)

SELECT
    k.sample_id,
    k.sample_partition,
    'kept without a sample' AS problem
FROM kept AS k
ANTI JOIN texts AS t ON k.sample_id = t.sample_id AND k.sample_partition = t.partition
UNION ALL
SELECT
    t.sample_id,
    t.partition AS sample_partition,
    'sample that was not kept' AS problem
FROM texts AS t
ANTI JOIN kept AS k ON t.sample_id = k.sample_id AND t.partition = k.sample_partition
ORDER BY sample_partition, sample_id;
