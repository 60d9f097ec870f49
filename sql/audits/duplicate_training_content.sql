-- Purpose: Text that stands more than once in a training set, but for numbered copies of a row.
-- Grain: One row per live mixture, text and number of the copy.
SELECT
    t.partition AS mixture_key,
    t.content_hash,
    t.copy,
    count(*) AS copies,
    list(t.sample_id ORDER BY t.sample_id) AS sample_ids
FROM training_rows AS t
INNER JOIN live_mixtures AS m ON t.partition = m.mixture_key
GROUP BY t.partition, t.content_hash, t.copy
HAVING count(*) > 1
ORDER BY t.partition, t.content_hash, t.copy;
