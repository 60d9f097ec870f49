-- Purpose: The whole lineage table, for export and for tables in the UI.
-- Grain: One row per sample per live partition.
-- Parameters: $row_limit.
SELECT
    sample_id,
    partition,
    origin,
    recipe,
    recipe_version,
    technique,
    source,
    seed_id,
    position,
    teacher,
    synthetic_depth,
    calls,
    prompt_tokens,
    completion_tokens,
    cost_usd,
    bought_usd,
    last_stage,
    outcome,
    reason,
    duplicate_of,
    detail,
    mixtures
FROM sample_lineage
ORDER BY recipe, partition, position, sample_id
LIMIT $row_limit;
