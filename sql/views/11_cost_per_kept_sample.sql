-- Purpose: What a usable sample costs: everything asked for a recipe version, over the samples
-- that came through decontamination.
-- Grain: One row per live recipe version. A completion that several samples use counts once; it
-- counts as bought when at least one of its uses was not answered by the ledger.
CREATE OR REPLACE VIEW cost_per_kept_sample AS
WITH completions AS (
    SELECT
        partition,
        fingerprint,
        max(prompt_tokens) AS prompt_tokens,
        max(completion_tokens) AS completion_tokens,
        max(cost_usd) AS cost_usd,
        bool_and(from_ledger) AS from_ledger
    FROM calls
    GROUP BY partition, fingerprint
),

spent AS (
    SELECT
        partition,
        count(*) AS calls,
        count(*) FILTER (WHERE NOT from_ledger) AS calls_bought,
        count(*) FILTER (WHERE from_ledger) AS calls_from_ledger,
        sum(prompt_tokens)::BIGINT AS prompt_tokens,
        sum(completion_tokens)::BIGINT AS completion_tokens,
        sum(cost_usd) AS cost_usd,
        coalesce(sum(cost_usd) FILTER (WHERE NOT from_ledger), 0) AS bought_usd,
        coalesce(sum(cost_usd) FILTER (WHERE from_ledger), 0) AS from_ledger_usd
    FROM completions
    GROUP BY partition
),

survived AS (
    SELECT
        sample_partition,
        count(*) FILTER (WHERE stage = 'generate') AS planned,
        count(*) FILTER (WHERE stage = 'verify' AND outcome = 'kept') AS kept_by_verify,
        count(*) FILTER (WHERE stage = 'dedup' AND outcome = 'kept') AS kept_by_dedup,
        count(*) FILTER (
            WHERE
            stage = 'decontaminate' AND outcome = 'kept'
        ) AS kept_by_decontaminate
    FROM stage_outcomes
    GROUP BY sample_partition
)

SELECT
    v.partition,
    v.recipe,
    v.recipe_version,
    coalesce(spent.calls, 0) AS calls,
    coalesce(spent.calls_bought, 0) AS calls_bought,
    coalesce(spent.calls_from_ledger, 0) AS calls_from_ledger,
    coalesce(spent.prompt_tokens, 0) AS prompt_tokens,
    coalesce(spent.completion_tokens, 0) AS completion_tokens,
    coalesce(spent.cost_usd, 0) AS cost_usd,
    coalesce(spent.bought_usd, 0) AS bought_usd,
    coalesce(spent.from_ledger_usd, 0) AS from_ledger_usd,
    coalesce(survived.planned, 0) AS planned,
    coalesce(survived.kept_by_verify, 0) AS kept_by_verify,
    coalesce(survived.kept_by_dedup, 0) AS kept_by_dedup,
    coalesce(survived.kept_by_decontaminate, 0) AS kept_by_decontaminate,
    coalesce(spent.cost_usd, 0) / nullif(survived.kept_by_decontaminate, 0)
        AS cost_per_kept_usd
FROM live_versions AS v
LEFT JOIN spent ON v.partition = spent.partition
LEFT JOIN survived ON v.partition = survived.sample_partition;
