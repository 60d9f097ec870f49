-- Purpose: Training rows that an earlier stage did not keep. A stage that ran again since the
-- training set was written proves nothing about it and is passed over, but for the mix itself.
-- Grain: One row per training row, without its copies, of a live mixture and stage that did not
-- keep it.
WITH trained AS (
    SELECT
        t.sample_id,
        t.partition AS mixture_key,
        t.file_path,
        t.recipe,
        v.partition AS version_partition
    FROM training_rows AS t
    INNER JOIN live_mixtures AS m ON t.partition = m.mixture_key
    LEFT JOIN recipe_versions AS v
        ON t.recipe = v.recipe AND t.recipe_version = v.recipe_version
    WHERE t.copy = 1
),

required AS (
    SELECT
        t.sample_id,
        t.mixture_key,
        t.file_path,
        s.stage,
        CASE
            WHEN s.stage IN ('generate', 'verify') THEN coalesce(t.version_partition, 'unknown')
            WHEN s.stage = 'mix' THEN t.mixture_key
            ELSE 'all'
        END AS stage_partition
    FROM trained AS t
    INNER JOIN stages AS s
        ON
            s.stage IN ('dedup', 'decontaminate', 'mix')
            OR (s.stage IN ('generate', 'verify') AND t.recipe <> '')
)

SELECT
    r.sample_id,
    r.mixture_key,
    r.stage AS not_kept_by,
    r.stage_partition
FROM required AS r
INNER JOIN ingested_files AS training_file ON r.file_path = training_file.file_path
LEFT JOIN ingested_files AS stage_file
    ON concat('decisions/', r.stage, '/', r.stage_partition, '.parquet') = stage_file.file_path
LEFT JOIN decisions AS d
    ON
        r.sample_id = d.sample_id
        AND r.stage = d.stage
        AND r.stage_partition = d.partition
        AND d.outcome = 'kept'
WHERE
    d.sample_id IS NULL
    AND (
        r.stage = 'mix'
        OR stage_file.file_path IS NULL
        OR stage_file.mtime_ns <= training_file.mtime_ns
    )
ORDER BY r.mixture_key, r.sample_id, r.stage;
