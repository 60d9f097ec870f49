-- Purpose: The memory of which migrations this database has seen; run at every opening.
-- Grain: One row per applied migration, with the SHA-256 of its text.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    checksum VARCHAR NOT NULL
);
