-- Purpose: Rows that a stage decided more than once.
-- Grain: One row per row, stage and partition with two or more decisions.
SELECT
    sample_id,
    stage,
    partition,
    count(*) AS decisions
FROM decisions
GROUP BY sample_id, stage, partition
HAVING count(*) > 1
ORDER BY stage, partition, sample_id;
