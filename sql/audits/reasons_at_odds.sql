-- Purpose: Decisions that keep with a reason, drop or err without one, or decide nothing known.
-- Grain: One row per such decision.
SELECT
    sample_id,
    stage,
    partition,
    outcome,
    reason
FROM decisions
WHERE
    (outcome = 'kept') = (reason IS NOT NULL)
    OR outcome IS NULL
    OR outcome NOT IN ('kept', 'dropped', 'errored')
ORDER BY stage, partition, sample_id;
