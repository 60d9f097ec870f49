-- Purpose: Verification that contradicts its verdicts: kept though a verifier did not accept, or
-- not kept though none rejected or erred.
-- Grain: One row per live sample.
WITH objections AS (
    SELECT
        sample_id,
        partition,
        count(*) FILTER (WHERE outcome <> 'accepted') AS objections
    FROM verdicts
    GROUP BY sample_id, partition
)

SELECT
    d.sample_id,
    d.sample_partition,
    d.outcome,
    coalesce(o.objections, 0) AS objections
FROM live_decisions AS d
LEFT JOIN objections AS o
    ON d.sample_id = o.sample_id AND d.sample_partition = o.partition
WHERE
    d.stage = 'verify'
    AND (d.outcome = 'kept') = (coalesce(o.objections, 0) > 0)
ORDER BY d.sample_partition, d.sample_id;
