-- Purpose: The recipe versions that count; superseded ones stay in the tables only.
-- Grain: One row per live recipe version.
CREATE OR REPLACE VIEW live_versions AS
SELECT
    partition,
    recipe,
    recipe_version,
    title,
    technique
FROM recipe_versions
WHERE live;
