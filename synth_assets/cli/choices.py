"""Options that name several of a few things."""

from collections.abc import Sequence

import click


def chosen(option: str, said: str, there: Sequence[str]) -> list[str]:
    """What was named, comma by comma.

    Args:
        option: its name, for messages.
        said: what the user wrote.
        there: what can be named.

    Raises:
        click.BadParameter: if something else is.
    """
    names = [name.strip() for name in said.split(",") if name.strip()]
    for name in names:
        if name not in there:
            raise click.BadParameter(f"{option} {name}: unknown. There are: {', '.join(there)}.")
    return names
