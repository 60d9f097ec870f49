-- Purpose: Rows that were kept and what was dropped as their duplicates, of live versions.
-- Grain: One row per row that was kept and has duplicates; `cluster_rows` counts it, too. A row of
-- an earlier set that others repeat stands there as kept.
CREATE OR REPLACE VIEW duplicate_clusters AS
SELECT
    duplicate_of AS kept_id,
    count(*) + 1 AS cluster_rows,
    count(*) FILTER (WHERE reason = 'exact_duplicate') AS exact_duplicates,
    count(*) FILTER (WHERE reason = 'near_duplicate') AS near_duplicates,
    count(*) FILTER (WHERE reason = 'semantic_duplicate') AS semantic_duplicates,
    count(*) FILTER (WHERE reason = 'not_novel') AS not_novel,
    min(score) AS least_similarity,
    list(DISTINCT recipe ORDER BY recipe) AS recipes
FROM live_decisions
WHERE stage = 'dedup' AND outcome = 'dropped' AND duplicate_of IS NOT NULL
GROUP BY duplicate_of;
