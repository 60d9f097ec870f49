-- Purpose: Read one Parquet file into `recipe_versions`.
-- Grain: One row per recipe version.
-- Parameters: $path, $file_path.
INSERT INTO recipe_versions (
    partition,
    recipe,
    recipe_version,
    title,
    technique,
    recipe_yaml,
    templates,
    live,
    file_path
)
SELECT
    partition,
    recipe,
    recipe_version,
    title,
    technique,
    recipe_yaml,
    templates,
    live,
    $file_path
FROM read_parquet($path, hive_partitioning = false);
