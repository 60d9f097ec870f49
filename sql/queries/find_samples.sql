-- Purpose: Live samples whose id begins with $prefix.
-- Grain: One row per sample per live partition.
-- Parameters: $prefix, $row_limit.
SELECT
    l.sample_id,
    l.partition,
    l.recipe,
    l.origin,
    l.last_stage,
    l.outcome,
    l.reason,
    s.prompt
FROM sample_lineage AS l
LEFT JOIN samples AS s ON l.sample_id = s.sample_id AND l.partition = s.partition
WHERE starts_with(l.sample_id, $prefix)
ORDER BY l.sample_id, l.partition
LIMIT $row_limit;
