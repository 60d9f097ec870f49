-- Purpose: What recipe versions said, superseded ones included.
-- Grain: One row per recipe version.
SELECT
    partition,
    recipe,
    recipe_version,
    title,
    technique,
    recipe_yaml,
    templates,
    live
FROM recipe_versions
ORDER BY partition;
