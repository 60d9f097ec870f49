-- Purpose: Rows dropped as duplicates of a row that deduplication did not keep, so that both are
-- gone. Rows that are not novel repeat a row of an earlier set, and are passed over.
-- Grain: One row per dropped row.
WITH kept AS (
    SELECT sample_id
    FROM decisions
    WHERE stage = 'dedup' AND outcome = 'kept'
)

SELECT
    d.sample_id,
    d.reason,
    d.duplicate_of
FROM decisions AS d
ANTI JOIN kept AS k ON d.duplicate_of = k.sample_id
WHERE d.stage = 'dedup' AND d.outcome = 'dropped' AND d.reason <> 'not_novel'
ORDER BY d.sample_id;
