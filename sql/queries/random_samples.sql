-- Purpose: Rows to look at: a random choice of the live rows that a stage kept, or did not keep.
-- The same seed gives the same rows, and other rows coming or going change few of them.
-- Grain: One row per sample; text is null where generation made none.
-- Parameters: $stage, $outcome, $recipe (empty for real rows, `*` for any), $seed, $row_limit.
SELECT
    o.sample_id,
    o.sample_partition,
    o.recipe,
    o.stage,
    o.outcome,
    o.reason,
    o.duplicate_of,
    o.detail,
    s.teacher,
    s.context,
    s.prompt,
    s.response,
    s.reference
FROM stage_outcomes AS o
LEFT JOIN samples AS s
    ON o.sample_id = s.sample_id AND o.sample_partition = s.partition
WHERE
    o.stage = $stage
    AND o.outcome = $outcome
    AND ($recipe = '*' OR o.recipe = $recipe)
ORDER BY md5(concat($seed, '/', o.sample_id)), o.sample_id
LIMIT $row_limit;
