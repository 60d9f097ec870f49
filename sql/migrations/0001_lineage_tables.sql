-- Purpose: The tables of the lineage database, each filled from Parquet files and nothing else.
-- Grain: As said at each table. `file_path` is the file a row came from, relative to the home
-- folder; `partition` is that file's partition (`all` for real rows).
-- No primary keys: they triple the time of an ingest. Uniqueness is audited instead.

-- One row per file that is in the tables, as it was when read.
CREATE TABLE ingested_files (
    file_path VARCHAR NOT NULL,
    size_bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    row_count BIGINT NOT NULL
);

-- One row per recipe version that ever was; `live` says whether it still counts.
CREATE TABLE recipe_versions (
    partition VARCHAR NOT NULL,
    recipe VARCHAR,
    recipe_version VARCHAR,
    title VARCHAR,
    technique VARCHAR,
    recipe_yaml VARCHAR,
    templates VARCHAR,
    live BOOLEAN,
    file_path VARCHAR NOT NULL
);

-- One row per seed a recipe version selected.
CREATE TABLE seeds (
    seed_id VARCHAR,
    recipe VARCHAR,
    recipe_version VARCHAR,
    source VARCHAR,
    position BIGINT,
    fields VARCHAR,
    partition VARCHAR NOT NULL,
    file_path VARCHAR NOT NULL
);

-- One row per candidate row with its text: synthetic per recipe version, real under `all`.
CREATE TABLE samples (
    sample_id VARCHAR,
    origin VARCHAR,
    recipe VARCHAR,
    recipe_version VARCHAR,
    technique VARCHAR,
    source VARCHAR,
    seed_id VARCHAR,
    parent_ids VARCHAR[],
    position BIGINT,
    teacher VARCHAR,
    request_fingerprints VARCHAR[],
    context VARCHAR,
    prompt VARCHAR,
    response VARCHAR,
    reference VARCHAR,
    attributes VARCHAR,
    licence VARCHAR,
    synthetic_depth BIGINT,
    content_hash VARCHAR,
    score DOUBLE,
    partition VARCHAR NOT NULL,
    file_path VARCHAR NOT NULL
);

-- One row per completion used for a sample, bought now or taken from the ledger.
CREATE TABLE calls (
    fingerprint VARCHAR,
    partition VARCHAR,
    sample_id VARCHAR,
    step VARCHAR,
    teacher VARCHAR,
    model VARCHAR,
    finish_reason VARCHAR,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    cost_usd DOUBLE,
    latency_s DOUBLE,
    from_ledger BOOLEAN,
    file_path VARCHAR NOT NULL
);

-- One row per verifier that judged a sample.
CREATE TABLE verdicts (
    sample_id VARCHAR,
    partition VARCHAR,
    verifier VARCHAR,
    position BIGINT,
    outcome VARCHAR,
    reason VARCHAR,
    score DOUBLE,
    evidence VARCHAR,
    file_path VARCHAR NOT NULL
);

-- One row per row, stage and partition: what the stage decided.
CREATE TABLE decisions (
    sample_id VARCHAR,
    stage VARCHAR,
    partition VARCHAR,
    recipe VARCHAR,
    outcome VARCHAR,
    reason VARCHAR,
    score DOUBLE,
    duplicate_of VARCHAR,
    detail VARCHAR,
    file_path VARCHAR NOT NULL
);

-- One row per row of a training set; `partition` is the mixture version, `position` its place.
CREATE TABLE training_rows (
    partition VARCHAR NOT NULL,
    sample_id VARCHAR,
    position BIGINT NOT NULL,
    recipe VARCHAR,
    recipe_version VARCHAR,
    content_hash VARCHAR,
    file_path VARCHAR NOT NULL
);

-- One row per real row or benchmark item that must never be trained on.
CREATE TABLE kept_out (
    sample_id VARCHAR,
    split VARCHAR NOT NULL,
    source VARCHAR,
    content_hash VARCHAR,
    prompt VARCHAR,
    file_path VARCHAR NOT NULL
);
