-- Purpose: What one version of a mixture did with the candidates that it was given.
-- Grain: One row per recipe (empty for real rows), outcome and reason (null for rows kept).
-- Parameters: $mixture_key.
SELECT
    s.recipe,
    d.outcome,
    d.reason,
    count(*) AS row_count
FROM decisions AS d
INNER JOIN live_samples AS s ON d.sample_id = s.sample_id
WHERE d.stage = 'mix' AND d.partition = $mixture_key
GROUP BY s.recipe, d.outcome, d.reason
ORDER BY s.recipe ASC, row_count DESC, d.outcome ASC, d.reason ASC;
