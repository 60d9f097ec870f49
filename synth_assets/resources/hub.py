"""The Hugging Face Hub. Nothing else here talks to it, and this only where a user asks for it."""

import os
from collections.abc import Sequence
from pathlib import Path

from synth_assets.errors import ConfigurationError, HubError
from synth_assets.resources.exporting.folder import BESIDE, is_data_file

_DATA_PATTERNS = [
    f"{stem}.{ending}"
    for split in ("train", "validation", "test")
    for stem in (split, f"{split}-?????-of-?????")
    for ending in ("parquet", "jsonl", "jsonl.gz", "jsonl.zst")
]


def exported_files(folder: Path) -> tuple[Path, ...]:
    """The files of an export, by name; what else lies in its folder is none of them.

    Raises:
        ConfigurationError: if there is no export.
    """
    names = os.listdir(folder) if folder.is_dir() else []
    if not any(map(is_data_file, names)):
        raise ConfigurationError(
            f"{folder}: there is no export. Make it: synth run --mixture {folder.name}"
        )
    return tuple(folder / name for name in sorted(names) if is_data_file(name) or name in BESIDE)


class Hub:
    """A data set on a hub.

    Args:
        repository: `owner/name`.
    """

    def __init__(self, repository: str) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id

        try:
            validate_repo_id(repository)
        except HFValidationError as exc:
            raise ConfigurationError(f"{repository!r}: {exc}") from exc
        if repository.count("/") != 1:
            raise ConfigurationError(f"{repository!r}: name it as owner/name.")
        self._repository = repository
        self._api = HfApi(library_name="synth-assets")

    @property
    def address(self) -> str:
        """Where people see it."""
        return f"{self._api.endpoint}/datasets/{self._repository}"

    def upload(self, folder: Path, files: Sequence[Path], *, private: bool) -> str:
        """Upload files, and remove the data files of an earlier export.

        Args:
            folder: where the files lie.
            files: those of an export.
            private: whether the data set becomes private, if it is new.

        Returns:
            The address of the last commit.

        Raises:
            HubError: if the hub cannot be reached, or refuses.
        """
        from httpx import HTTPError

        try:
            self._api.create_repo(
                self._repository, repo_type="dataset", private=private or None, exist_ok=True
            )
            commit = self._api.upload_folder(
                repo_id=self._repository,
                repo_type="dataset",
                folder_path=folder,
                allow_patterns=[file.name for file in files],
                delete_patterns=_DATA_PATTERNS,
                commit_message="Export of Synth Assets",
            )
        except (HTTPError, OSError) as exc:
            raise HubError(
                f"{self.address}: {exc}. Check the name, the token (HF_TOKEN or `hf auth login`) "
                "and its right to write."
            ) from exc
        return commit.commit_url
