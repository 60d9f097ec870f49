-- Purpose: Rows that a live mixture kept and its training set does not hold.
-- Grain: One row per row and mixture; only for mixtures whose training set was written.
SELECT
    d.sample_id,
    d.partition AS mixture_key
FROM decisions AS d
INNER JOIN live_mixtures AS m ON d.partition = m.mixture_key
INNER JOIN ingested_files AS f
    ON concat('assets/training_sets/', d.partition, '.parquet') = f.file_path
ANTI JOIN training_rows AS t ON d.sample_id = t.sample_id AND d.partition = t.partition
WHERE d.stage = 'mix' AND d.outcome = 'kept'
ORDER BY d.partition, d.sample_id;
