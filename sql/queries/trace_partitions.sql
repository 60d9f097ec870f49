-- Purpose: The partitions that know a sample, the live one first. A sample that was dropped at
-- generation has no row in `samples`, only its decision.
-- Grain: One row per partition (recipe version, or `all` for a real row).
-- Parameters: $sample_id.
WITH known AS (
    SELECT partition
    FROM samples
    WHERE sample_id = $sample_id
    UNION
    SELECT partition
    FROM decisions
    WHERE sample_id = $sample_id AND stage IN ('generate', 'verify')
)

SELECT
    k.partition,
    coalesce(v.live, k.partition = 'all') AS live,
    coalesce(v.recipe, '') AS recipe,
    coalesce(v.recipe_version, '') AS recipe_version,
    coalesce(v.title, '') AS title,
    coalesce(v.technique, '') AS technique,
    coalesce(v.recipe_yaml, '') AS recipe_yaml,
    coalesce(v.templates, '{}') AS templates
FROM known AS k
LEFT JOIN recipe_versions AS v ON k.partition = v.partition
ORDER BY live DESC, k.partition ASC;
