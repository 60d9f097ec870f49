-- Purpose: Recipes with more than one live version, or versions recorded twice: their rows would
-- be counted twice.
-- Grain: One row per recipe.
SELECT
    recipe,
    count(*) AS live_rows,
    list(partition ORDER BY partition) AS partitions
FROM live_versions
GROUP BY recipe
HAVING count(*) > 1
ORDER BY recipe;
