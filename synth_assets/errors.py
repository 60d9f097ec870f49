"""Every exception this project raises on purpose, at a glance.

A message says what is wrong, where, and what to do about it. Exceptions of libraries are
wrapped in `synth_assets.resources` only; the core raises nothing but these.
"""


class SynthError(Exception):
    """Base of all errors a user can mend."""


class ConfigurationError(SynthError):
    """Something the user wrote (YAML, a template, an environment variable) is wrong."""


class RecipeError(ConfigurationError):
    """A recipe folder is broken; the other recipes still load."""


class CatalogueError(ConfigurationError):
    """`teachers.yaml`, `mixtures.yaml`, `sources.yaml` or `selection.yaml` is broken."""


class UnknownNameError(ConfigurationError):
    """A recipe, mixture, teacher or source is named that nobody declared."""


class SourceError(SynthError):
    """A data file (seeds, real data, benchmark) is missing, empty or malformed."""


class BudgetError(ConfigurationError):
    """A budget cannot be held: a price or a bound is not known."""


class FingerprintError(SynthError):
    """A value that has no canonical form was to become part of an identity."""


class StageContractError(SynthError):
    """A stage broke its promise of exactly one decision per input row."""


class TechniqueError(SynthError):
    """A technique asked for something its recipe does not provide."""


class MixtureInfeasibleError(SynthError):
    """A mixture's bounds cannot all be met with the candidates there are."""


class GateError(SynthError):
    """A gate of a mixture keeps a training set from being exported."""


class TermsError(SynthError):
    """Terms of a teacher or a source forbid what a mixture is for."""


class RegistryError(SynthError):
    """The registry of models and sets cannot be read, or was to say what cannot be."""


class TeacherError(SynthError):
    """A teacher cannot be used at all (unknown model, refused key): generation stops."""


class AlertError(SynthError):
    """An alert could not be handed on."""


class BackfillError(SynthError):
    """A backfill cannot be started."""


class BatchPendingError(SynthError):
    """Requests wait for a batch. Nothing is wrong: run again once it is done."""


class WorkerError(SynthError):
    """Worker processes died again and again at the same part of a plan."""


class ClusterError(SynthError):
    """A cluster cannot be reached, runs other code, or lost its workers for good."""


class LedgerError(SynthError):
    """The ledger cannot be opened, or its schema is of another version."""


class LineageError(SynthError):
    """The lineage database is missing, locked for too long, or of another version."""


class StorageError(SynthError):
    """A frame cannot be read from or written to the storage root."""


class HubError(SynthError):
    """A hub cannot be reached, or refuses what is pushed."""


class SandboxError(SynthError):
    """Untrusted programs cannot be run safely here; it says nothing of any program."""


class DashboardError(SynthError):
    """The Evidently workspace cannot be read or written."""


class InterfaceError(SynthError):
    """A user interface cannot start (port taken, command missing)."""
