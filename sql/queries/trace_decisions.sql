-- Purpose: What each stage decided of a sample and, at stage `seeds`, of its seed; with the text
-- of what it is a duplicate of. What superseded versions of mixtures decided is not `live`.
-- Grain: One row per stage and partition, in the order of the stages.
-- Parameters: $sample_id, $seed_id (empty when unknown), $partition.
WITH twins AS (
    SELECT
        texts.sample_id,
        any_value(texts.prompt) AS prompt
    FROM (
        SELECT
            sample_id,
            prompt
        FROM samples
        UNION ALL
        SELECT
            sample_id,
            prompt
        FROM kept_out
    ) AS texts
    WHERE
        texts.sample_id IN (
            SELECT named.duplicate_of FROM decisions AS named
            WHERE named.sample_id = $sample_id OR named.sample_id = $seed_id
        )
    GROUP BY texts.sample_id
)

SELECT
    d.sample_id,
    d.stage,
    d.partition,
    d.outcome,
    d.reason,
    d.score,
    d.duplicate_of,
    twins.prompt AS duplicate_prompt,
    d.detail,
    d.stage <> 'mix' OR d.partition IN (SELECT m.mixture_key FROM live_mixtures AS m) AS live
FROM decisions AS d
INNER JOIN stages ON d.stage = stages.stage
LEFT JOIN twins ON d.duplicate_of = twins.sample_id
WHERE
    (d.stage = 'seeds' AND d.sample_id = $seed_id AND d.partition = $partition)
    OR (
        d.stage IN ('generate', 'verify')
        AND d.sample_id = $sample_id
        AND d.partition = $partition
    )
    OR (d.stage IN ('dedup', 'decontaminate', 'mix') AND d.sample_id = $sample_id)
ORDER BY stages.stage_order, d.partition;
