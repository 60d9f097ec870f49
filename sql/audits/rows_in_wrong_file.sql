-- Purpose: Rows that name another stage or partition than the file they stand in.
-- Grain: One row per file and what its rows say.
SELECT
    file_path,
    concat(stage, '/', partition) AS rows_say,
    count(*) AS row_count
FROM decisions
WHERE file_path IS DISTINCT FROM concat('decisions/', stage, '/', partition, '.parquet')
GROUP BY file_path, stage, partition
UNION ALL
SELECT
    file_path,
    partition AS rows_say,
    count(*) AS row_count
FROM verdicts
WHERE file_path IS DISTINCT FROM concat('verdicts/', partition, '.parquet')
GROUP BY file_path, partition
UNION ALL
SELECT
    file_path,
    partition AS rows_say,
    count(*) AS row_count
FROM calls
WHERE
    file_path IS DISTINCT FROM concat('calls/', partition, '.parquet')
    AND file_path IS DISTINCT FROM concat('judge_calls/', partition, '.parquet')
GROUP BY file_path, partition
UNION ALL
SELECT
    file_path,
    partition AS rows_say,
    count(*) AS row_count
FROM recipe_versions
WHERE file_path IS DISTINCT FROM concat('recipe_versions/', partition, '.parquet')
GROUP BY file_path, partition
ORDER BY file_path, rows_say;
