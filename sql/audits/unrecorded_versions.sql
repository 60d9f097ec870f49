-- Purpose: Partitions with decisions whose recipe version is nowhere described; no view counts
-- them.
-- Grain: One row per partition.
SELECT
    d.partition,
    count(*) AS decisions
FROM decisions AS d
ANTI JOIN recipe_versions AS v ON d.partition = v.partition
WHERE d.stage IN ('seeds', 'generate', 'verify')
GROUP BY d.partition
ORDER BY d.partition;
