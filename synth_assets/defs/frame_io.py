"""Polars frames as Parquet files, one a partition: `assets/<asset>/<partition>.parquet`."""

from typing import TYPE_CHECKING, Any, get_origin

import dagster as dg
import polars as pl

from synth_assets.defs.columns import column_lineage
from synth_assets.defs.display import frame_metadata
from synth_assets.resources.frames import FrameParts, read_frame, write_frame, write_parts

if TYPE_CHECKING:
    from upath import UPath


class FrameIOManager(dg.UPathIOManager):
    """Writes atomically; loads a frame, a lazy frame, or one frame for each partition.

    Args:
        root: folder of the assets.
        dashboards: address that every asset links to.

    An input annotated `dict[str, pl.DataFrame]` gets a mapping of partition to frame, however
    many partitions there are. A missing partition is an error, unless the input's metadata says
    `allow_missing_partitions`, in which case the mapping shows what is there. Likewise an asset
    without partitions that was never made is None where the metadata says `allow_missing`.
    """

    extension: str | None = ".parquet"

    def __init__(self, root: "UPath", dashboards: str) -> None:
        super().__init__(root)
        self._dashboards = dashboards

    def dump_to_path(
        self, context: dg.OutputContext, obj: pl.DataFrame | FrameParts, path: "UPath"
    ) -> None:
        """Write a frame whole or not at all."""
        if isinstance(obj, FrameParts):
            write_parts(path, obj)
        else:
            write_frame(path, obj)

    def load_from_path(
        self, context: dg.InputContext, path: "UPath"
    ) -> pl.DataFrame | pl.LazyFrame:
        """Read a frame; lazily where the input is annotated so."""
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is not there: materialize {context.asset_key.to_user_string()} first."
            )
        if context.dagster_type.typing_type is pl.LazyFrame:
            options: dict[str, Any] = dict(getattr(path, "storage_options", None) or {})
            return pl.scan_parquet(str(path), glob=False, storage_options=options or None)
        return read_frame(path)

    def load_input(self, context: dg.InputContext) -> Any:  # noqa: ANN401
        """One frame, or a mapping where the input asks for one."""
        if self._may_lack(context) and not self._get_path(context).exists():
            return None
        loaded: Any = super().load_input(context)
        wants_mapping = get_origin(context.dagster_type.typing_type) is dict
        if wants_mapping and isinstance(loaded, pl.DataFrame):
            return {context.asset_partition_keys[0]: loaded}
        return {} if wants_mapping and loaded is None else loaded

    def _may_lack(self, context: dg.InputContext) -> bool:
        if context.has_asset_partitions:
            return False
        return bool((context.definition_metadata or {}).get("allow_missing"))

    def get_metadata(
        self, context: dg.OutputContext, obj: pl.DataFrame | FrameParts
    ) -> dict[str, dg.MetadataValue]:
        """Row count, columns, a preview and the way to the dashboards, for every asset."""
        shown = {**frame_metadata(obj), "dashboards": dg.MetadataValue.url(self._dashboards)}
        lineage = column_lineage(context.asset_key.to_user_string(), obj.schema)
        if lineage is not None:
            shown["dagster/column_lineage"] = dg.MetadataValue.column_lineage(lineage)
        return shown
