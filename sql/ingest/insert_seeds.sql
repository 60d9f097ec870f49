-- Purpose: Read one Parquet file into `seeds`.
-- Grain: One row per seed.
-- Parameters: $path, $file_path, $partition.
INSERT INTO seeds (
    seed_id,
    recipe,
    recipe_version,
    source,
    position,
    fields,
    partition,
    file_path
)
SELECT
    seed_id,
    recipe,
    recipe_version,
    source,
    position,
    fields,
    $partition,
    $file_path
FROM read_parquet($path, hive_partitioning = false);
