"""The ledger's tables, and the way from older ones."""

import sqlite3

from synth_assets.resources.ledger.accounts import pico
from synth_assets.resources.ledger.checksums import checksum

VERSION = 2

_TABLES = """
CREATE TABLE completions (
    fingerprint TEXT PRIMARY KEY,
    teacher TEXT NOT NULL,
    model TEXT NOT NULL,
    recipe TEXT NOT NULL,
    step TEXT NOT NULL,
    request TEXT NOT NULL,
    text TEXT NOT NULL,
    response BLOB,
    checksum INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd REAL,
    latency_s REAL NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE failures (
    fingerprint TEXT NOT NULL,
    failure TEXT NOT NULL,
    teacher TEXT NOT NULL,
    recipe TEXT NOT NULL,
    times INTEGER NOT NULL,
    said TEXT NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (fingerprint, failure)
) WITHOUT ROWID;
CREATE TABLE leases (
    fingerprint TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    teacher TEXT NOT NULL,
    recipe TEXT NOT NULL,
    run TEXT NOT NULL,
    usd_pico INTEGER NOT NULL,
    tokens INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE accounts (
    scope TEXT PRIMARY KEY,
    usd_pico INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    reserved_usd_pico INTEGER NOT NULL,
    reserved_tokens INTEGER NOT NULL,
    perhaps_usd_pico INTEGER NOT NULL,
    perhaps_tokens INTEGER NOT NULL,
    unpriced INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE batches (
    batch TEXT PRIMARY KEY,
    teacher TEXT NOT NULL,
    api_base TEXT NOT NULL,
    recipe TEXT NOT NULL,
    run TEXT NOT NULL,
    state TEXT NOT NULL,
    file_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    requests INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    said TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE batch_requests (
    fingerprint TEXT PRIMARY KEY,
    batch TEXT NOT NULL,
    request TEXT NOT NULL,
    usd_pico INTEGER NOT NULL,
    tokens INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX batch_requests_by_batch ON batch_requests (batch);
"""
# Rows of text in a table without row ids would sit in the inner pages of the tree, moved about by
# every insertion of a random key.

_FROM_VERSION_1 = """
ALTER TABLE completions RENAME TO completions_1;
{tables}
INSERT INTO completions
SELECT fingerprint, teacher, model, '', '', request, text, NULL,
    checksum(
        fingerprint, text, finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s
    ),
    finish_reason, prompt_tokens, completion_tokens, cost_usd, latency_s, created_at
FROM completions_1 ORDER BY created_at;
INSERT INTO accounts
SELECT 'all', sum(pico(cost_usd)),
    sum(prompt_tokens + completion_tokens), 0, 0, 0, 0, sum(cost_usd IS NULL)
FROM completions GROUP BY 1;
INSERT INTO accounts
SELECT 'teacher:' || teacher, sum(pico(cost_usd)),
    sum(prompt_tokens + completion_tokens), 0, 0, 0, 0, sum(cost_usd IS NULL)
FROM completions GROUP BY teacher;
DROP TABLE completions_1;
"""


def prepare(connection: sqlite3.Connection, found: int) -> None:
    """Make the tables in an empty file, or bring older ones up to date, whole or not at all."""
    connection.create_function("checksum", 7, checksum, deterministic=True)
    connection.create_function("pico", 1, pico, deterministic=True)
    connection.execute("PRAGMA journal_mode = WAL")
    script = _TABLES if found == 0 else _FROM_VERSION_1.replace("{tables}", _TABLES)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited.
        if connection.execute("PRAGMA user_version").fetchone()[0] == found:
            for statement in script.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
