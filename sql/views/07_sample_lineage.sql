-- Purpose: Where every sample came from, what it cost, how far it came, and where it went.
-- Grain: One row per sample per live partition (real rows under `all`), also those that were
-- dropped at generation and have no text.
-- `cost_usd` is the price of its completions, `bought_usd` the part not taken from the ledger.
CREATE OR REPLACE VIEW sample_lineage AS
WITH known AS (
    SELECT
        d.sample_id,
        d.partition
    FROM decisions AS d
    INNER JOIN live_versions AS v ON d.partition = v.partition
    WHERE d.stage = 'generate'
    UNION
    SELECT
        sample_id,
        partition
    FROM live_samples
),

asked AS (
    SELECT
        c.sample_id,
        c.partition,
        string_agg(DISTINCT c.teacher, ', ' ORDER BY c.teacher) AS teachers,
        count(*) AS calls,
        sum(c.prompt_tokens)::BIGINT AS prompt_tokens,
        sum(c.completion_tokens)::BIGINT AS completion_tokens,
        sum(c.cost_usd) AS cost_usd,
        coalesce(sum(c.cost_usd) FILTER (WHERE NOT c.from_ledger), 0) AS bought_usd
    FROM calls AS c
    INNER JOIN live_versions AS v ON c.partition = v.partition
    GROUP BY c.sample_id, c.partition
),

reached AS (
    SELECT
        o.sample_id,
        o.sample_partition,
        o.stage,
        o.outcome,
        o.reason,
        o.duplicate_of,
        o.detail
    FROM stage_outcomes AS o
    INNER JOIN stages ON o.stage = stages.stage
    WHERE o.stage <> 'seeds'
    QUALIFY row_number() OVER (
        PARTITION BY o.sample_partition, o.sample_id
        ORDER BY stages.stage_order DESC
    ) = 1
),

mixed AS (
    SELECT
        t.sample_id,
        list(DISTINCT t.partition ORDER BY t.partition) AS mixtures
    FROM training_rows AS t
    INNER JOIN live_mixtures AS m ON t.partition = m.mixture_key
    GROUP BY t.sample_id
)

SELECT
    k.sample_id,
    k.partition,
    s.source,
    s.seed_id,
    s.position,
    s.synthetic_depth,
    reached.stage AS last_stage,
    reached.outcome,
    reached.reason,
    reached.duplicate_of,
    reached.detail,
    coalesce(s.origin, 'synthetic') AS origin,
    coalesce(s.recipe, v.recipe, '') AS recipe,
    coalesce(s.recipe_version, v.recipe_version, '') AS recipe_version,
    coalesce(s.technique, v.technique, '') AS technique,
    coalesce(s.teacher, asked.teachers, '') AS teacher,
    coalesce(asked.calls, 0) AS calls,
    coalesce(asked.prompt_tokens, 0) AS prompt_tokens,
    coalesce(asked.completion_tokens, 0) AS completion_tokens,
    coalesce(asked.cost_usd, 0) AS cost_usd,
    coalesce(asked.bought_usd, 0) AS bought_usd,
    coalesce(mixed.mixtures, []) AS mixtures
FROM known AS k
LEFT JOIN live_samples AS s ON k.sample_id = s.sample_id AND k.partition = s.partition
LEFT JOIN live_versions AS v ON k.partition = v.partition
LEFT JOIN asked ON k.sample_id = asked.sample_id AND k.partition = asked.partition
LEFT JOIN reached ON k.sample_id = reached.sample_id AND k.partition = reached.sample_partition
LEFT JOIN mixed ON k.sample_id = mixed.sample_id;
