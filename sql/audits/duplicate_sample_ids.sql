-- Purpose: Sample ids that are not unique: twice in one partition, or in two live partitions.
-- Grain: One row per id and kind of clash.
SELECT
    sample_id,
    partition AS found_in,
    count(*) AS copies
FROM samples
GROUP BY sample_id, partition
HAVING count(*) > 1
UNION ALL
SELECT
    sample_id,
    'live partitions' AS found_in,
    count(DISTINCT partition) AS copies
FROM live_samples
GROUP BY sample_id
HAVING count(DISTINCT partition) > 1
ORDER BY sample_id, found_in;
