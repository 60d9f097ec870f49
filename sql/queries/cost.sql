-- Purpose: What each recipe version cost and what a usable sample of it costs.
-- Grain: One row per live recipe version.
SELECT
    partition,
    recipe,
    recipe_version,
    calls,
    calls_bought,
    calls_from_ledger,
    prompt_tokens,
    completion_tokens,
    cost_usd,
    bought_usd,
    from_ledger_usd,
    planned,
    kept_by_verify,
    kept_by_dedup,
    kept_by_decontaminate,
    cost_per_kept_usd
FROM cost_per_kept_sample
ORDER BY recipe, partition;
