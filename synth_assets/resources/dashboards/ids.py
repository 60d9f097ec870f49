"""Ids of our tabs and panels: derived from titles, so that they are the same in every version."""

import uuid

COLLAPSE = "Collapse"
"""Title of the tab of what a model trained on a set becomes."""

_NAMESPACE = uuid.UUID("6f1c4a52-3d0e-5b7a-9a51-0d6f3c9b2e84")


def tab_id(title: str) -> uuid.UUID:
    """Of a tab of ours."""
    return uuid.uuid5(_NAMESPACE, f"tab {title}")


def panel_id(tab: uuid.UUID, title: str) -> uuid.UUID:
    """Of a panel of such a tab."""
    return uuid.uuid5(tab, title)
