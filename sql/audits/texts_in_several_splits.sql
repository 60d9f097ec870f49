-- Purpose: Text that stands in more than one split of a training set.
-- Grain: One row per live mixture and text.
SELECT
    t.partition AS mixture_key,
    t.content_hash,
    list(DISTINCT t.split ORDER BY t.split) AS splits,
    list(DISTINCT t.sample_id ORDER BY t.sample_id) AS sample_ids
FROM training_rows AS t
INNER JOIN live_mixtures AS m ON t.partition = m.mixture_key
GROUP BY t.partition, t.content_hash
HAVING count(DISTINCT t.split) > 1
ORDER BY t.partition, t.content_hash;
