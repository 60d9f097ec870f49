-- Purpose: Live rows that vanished: the next stage ran after they were there and decided nothing.
-- A stage that has not run yet, or not since, is not accused.
-- Grain: One row per row, stage and partition whose decision is missing.
WITH expected AS (
    SELECT
        sample_id,
        'verify' AS next_stage,
        partition AS stage_partition,
        file_path AS came_from
    FROM live_samples
    WHERE partition <> 'all'
    UNION ALL
    SELECT
        sample_id,
        'dedup' AS next_stage,
        'all' AS stage_partition,
        file_path AS came_from
    FROM live_samples
    WHERE partition = 'all'
    UNION ALL
    SELECT
        sample_id,
        'dedup' AS next_stage,
        'all' AS stage_partition,
        concat('decisions/verify/', sample_partition, '.parquet') AS came_from
    FROM live_decisions
    WHERE stage = 'verify' AND outcome = 'kept'
    UNION ALL
    SELECT
        sample_id,
        'decontaminate' AS next_stage,
        'all' AS stage_partition,
        'decisions/dedup/all.parquet' AS came_from
    FROM live_decisions
    WHERE stage = 'dedup' AND outcome = 'kept'
    UNION ALL
    SELECT
        d.sample_id,
        'mix' AS next_stage,
        m.mixture_key AS stage_partition,
        'decisions/decontaminate/all.parquet' AS came_from
    FROM live_decisions AS d
    CROSS JOIN live_mixtures AS m
    WHERE d.stage = 'decontaminate' AND d.outcome = 'kept'
)

SELECT
    e.sample_id,
    e.next_stage,
    e.stage_partition,
    e.came_from
FROM expected AS e
INNER JOIN ingested_files AS source_file ON e.came_from = source_file.file_path
INNER JOIN ingested_files AS stage_file
    ON
        stage_file.file_path
        = concat('decisions/', e.next_stage, '/', e.stage_partition, '.parquet')
        AND source_file.mtime_ns <= stage_file.mtime_ns
LEFT JOIN decisions AS d
    ON
        e.sample_id = d.sample_id
        AND e.next_stage = d.stage
        AND e.stage_partition = d.partition
WHERE d.sample_id IS NULL
ORDER BY e.next_stage, e.stage_partition, e.sample_id;
