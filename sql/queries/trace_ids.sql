-- Purpose: Which samples an id, or the beginning of one, may mean.
-- Grain: One row per sample id that begins with $prefix, at most 11.
-- Parameters: $prefix.
SELECT sample_id
FROM samples
WHERE starts_with(sample_id, $prefix)
UNION
SELECT sample_id
FROM decisions
WHERE stage IN ('generate', 'verify') AND starts_with(sample_id, $prefix)
ORDER BY sample_id
LIMIT 11;
