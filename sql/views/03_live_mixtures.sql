-- Purpose: The mixture versions that count: of each mixture the one written last, as nothing on
-- disk says which mixtures are still declared.
-- Grain: One row per mixture.
CREATE OR REPLACE VIEW live_mixtures AS
WITH mixture_files AS (
    SELECT
        regexp_extract(file_path, '([^/]+)[.]parquet$', 1) AS mixture_key,
        max(mtime_ns) AS mtime_ns
    FROM ingested_files
    WHERE
        starts_with(file_path, 'decisions/mix/')
        OR starts_with(file_path, 'assets/training_sets/')
    GROUP BY mixture_key
)

SELECT
    mixture_key,
    split_part(mixture_key, '~', 1) AS mixture
FROM mixture_files
QUALIFY row_number() OVER (PARTITION BY mixture ORDER BY mtime_ns DESC, mixture_key ASC) = 1;
