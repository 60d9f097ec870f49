-- Purpose: How many rows each stage was given and what it decided.
-- Grain: One row per scope, recipe and stage; see the view.
SELECT
    scope,
    recipe,
    stage,
    given,
    kept,
    dropped,
    errored
FROM funnel
ORDER BY scope, recipe, stage_order;
