-- Purpose: Why rows were not kept, most frequent first within a stage.
-- Grain: One row per recipe, stage, outcome and reason.
SELECT
    recipe,
    stage,
    outcome,
    reason,
    rows,
    share
FROM drop_reasons
ORDER BY recipe ASC, stage_order ASC, share DESC, reason ASC;
