-- Purpose: How large the cluster of a row that was kept is.
-- Grain: One row, or none where nothing was dropped as its duplicate.
-- Parameters: $kept_id.
SELECT
    kept_id,
    cluster_rows,
    exact_duplicates,
    near_duplicates,
    semantic_duplicates,
    not_novel,
    least_similarity,
    recipes
FROM duplicate_clusters
WHERE kept_id = $kept_id;
