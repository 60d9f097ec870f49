-- Purpose: How much the lineage database holds.
-- Grain: One row per table.
SELECT
    'samples' AS table_name,
    count(*) AS row_count
FROM samples
UNION ALL
SELECT
    'seeds' AS table_name,
    count(*) AS row_count
FROM seeds
UNION ALL
SELECT
    'calls' AS table_name,
    count(*) AS row_count
FROM calls
UNION ALL
SELECT
    'verdicts' AS table_name,
    count(*) AS row_count
FROM verdicts
UNION ALL
SELECT
    'decisions' AS table_name,
    count(*) AS row_count
FROM decisions
UNION ALL
SELECT
    'training_rows' AS table_name,
    count(*) AS row_count
FROM training_rows
ORDER BY table_name;
