-- Purpose: The decisions that count. Seeds, generation and verification are decided per recipe
-- version; deduplication and decontamination for all, mixing per mixture: of those, the
-- decisions on live samples. The recipe is the sample's, whatever the stage wrote.
-- Grain: One row per live row, stage and partition; `sample_partition` is the partition of the
-- row itself.
CREATE OR REPLACE VIEW live_decisions AS
SELECT
    d.sample_id,
    v.partition AS sample_partition,
    v.recipe,
    d.stage,
    d.partition,
    d.outcome,
    d.reason,
    d.score,
    d.duplicate_of,
    d.detail
FROM decisions AS d
INNER JOIN live_versions AS v ON d.partition = v.partition
WHERE d.stage IN ('seeds', 'generate', 'verify')
UNION ALL
SELECT
    d.sample_id,
    s.partition AS sample_partition,
    s.recipe,
    d.stage,
    d.partition,
    d.outcome,
    d.reason,
    d.score,
    d.duplicate_of,
    d.detail
FROM decisions AS d
INNER JOIN live_samples AS s ON d.sample_id = s.sample_id
WHERE
    (d.stage IN ('dedup', 'decontaminate') AND d.partition = 'all')
    OR (d.stage = 'mix' AND d.partition IN (SELECT m.mixture_key FROM live_mixtures AS m));
