-- Purpose: Remember that a migration was applied.
-- Grain: One row per applied migration.
-- Parameters: $version, $name, $checksum.
INSERT INTO schema_migrations (version, name, checksum)
VALUES ($version, $name, $checksum);
