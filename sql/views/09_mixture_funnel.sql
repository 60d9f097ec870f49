-- Purpose: What each live mixture was given and took, by recipe (real rows: recipe is empty).
-- Grain: One row per live mixture and recipe.
CREATE OR REPLACE VIEW mixture_funnel AS
SELECT
    partition AS mixture_key,
    recipe,
    count(*) AS given,
    count(*) FILTER (WHERE outcome = 'kept') AS kept,
    count(*) FILTER (WHERE outcome <> 'kept') AS not_kept
FROM live_decisions
WHERE stage = 'mix'
GROUP BY partition, recipe;
