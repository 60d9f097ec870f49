-- Purpose: What each live mixture was given and took.
-- Grain: One row per live mixture and recipe (empty for real rows).
SELECT
    mixture_key,
    recipe,
    given,
    kept,
    not_kept
FROM mixture_funnel
ORDER BY mixture_key, recipe;
