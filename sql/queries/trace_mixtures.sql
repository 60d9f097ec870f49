-- Purpose: The training sets that contain a sample.
-- Grain: One row per mixture version, with the place of the first copy; `live` when it is the
-- current version of its mixture.
-- Parameters: $sample_id.
SELECT
    t.partition,
    t.position,
    m.mixture_key IS NOT NULL AS live
FROM training_rows AS t
LEFT JOIN live_mixtures AS m ON t.partition = m.mixture_key
WHERE t.sample_id = $sample_id AND t.copy = 1
ORDER BY t.partition, t.position;
