-- Purpose: Live synthetic samples whose seed is unknown.
-- Grain: One row per sample.
SELECT
    s.sample_id,
    s.partition,
    s.seed_id
FROM live_samples AS s
ANTI JOIN seeds AS e ON s.partition = e.partition AND s.seed_id = e.seed_id
WHERE s.partition <> 'all'
ORDER BY s.partition, s.sample_id;
