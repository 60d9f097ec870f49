"""The one place that reads the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synth_assets.errors import ConfigurationError

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_SHORTEST_AMBIENT_SECRET = 8
_MOST_WORKERS = 64
_MOST_FRESH_DAYS = 3_650
_DISPOSABLE = "this machine is disposable"

SHIPPED_RECIPES = Path(__file__).parent.parent / "recipes"


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    Attributes:
        home: where everything local lives (`SYNTH_HOME`, default `.synth`).
        recipe_folders: the shipped folder, unless it only lends, then those of `SYNTH_RECIPES`
            (separated like PATH; default `recipes` in the working directory, if there is one).
        teacher: `SYNTH_TEACHER`, a catalogue id or LiteLLM model that replaces every recipe's
            teachers.
        dagster_port: `SYNTH_DAGSTER_PORT`, default 3000.
        dashboard_port: `SYNTH_DASHBOARD_PORT`, default 8000.
        workers: `SYNTH_WORKERS`, processes that generate for one recipe; none, the default: as many
            as help.
        unsafe_execution: `SYNTH_UNSAFE_EXECUTION`, which must say "this machine is disposable":
            programs run where nothing keeps them from the machine.
        lent_folders: folders that lend teachers and policies alone: the shipped one, where
            `SYNTH_SHIPPED_RECIPES` is off.
        fresh_days: `SYNTH_FRESH_DAYS`, default 30: what each run makes is stale in the Dagster UI
            when it is older, and close to it from half of that; 0: never.
        webhook: `SYNTH_WEBHOOK_URL`, which alerts are posted to; it may hold a secret, and is shown
            nowhere.
    """

    home: Path
    recipe_folders: tuple[Path, ...]
    teacher: str | None
    dagster_port: int
    dashboard_port: int
    workers: int | None = None
    unsafe_execution: bool = False
    lent_folders: tuple[Path, ...] = ()
    fresh_days: int = 30
    webhook: str | None = field(default=None, repr=False)

    @property
    def dashboard_url(self) -> str:
        """Where the Evidently UI answers once `synth ui` runs."""
        return f"http://127.0.0.1:{self.dashboard_port}"

    @property
    def dagster_url(self) -> str:
        """Where the Dagster UI answers once `synth ui` runs."""
        return f"http://127.0.0.1:{self.dagster_port}"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the environment.

    Raises:
        ConfigurationError: for a recipe folder that does not exist, a port that is none, a number
            of workers or days that cannot be, a switch that is neither on nor off, or a webhook
            that is no address.
    """
    named = _user_folders(environment.get("SYNTH_RECIPES"))
    shipped = (SHIPPED_RECIPES,)
    takes_part = _is_on(environment, "SYNTH_SHIPPED_RECIPES")
    return Settings(
        home=Path(environment.get("SYNTH_HOME") or ".synth").expanduser().resolve(),
        recipe_folders=tuple(dict.fromkeys((*(shipped if takes_part else ()), *named))),
        teacher=environment.get("SYNTH_TEACHER") or None,
        dagster_port=_port(environment, "SYNTH_DAGSTER_PORT", 3000),
        dashboard_port=_port(environment, "SYNTH_DASHBOARD_PORT", 8000),
        workers=_workers(environment),
        unsafe_execution=_unsafe_execution(environment),
        lent_folders=() if takes_part else shipped,
        fresh_days=_fresh_days(environment),
        webhook=_webhook(environment),
    )


def read_secret(name: str, used_by: str) -> str:
    """Read a key at the moment it is needed; it is stored nowhere.

    Raises:
        ConfigurationError: if the variable is unset or empty, or holds what no HTTP header can.
    """
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(
            f"Teacher {used_by}: the environment variable {name} is not set. Export the key there."
        )
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ConfigurationError(
            f"Teacher {used_by}: the environment variable {name} holds a line break, a blank at an "
            "end or a letter that is not ASCII, which no key does. Export the key alone."
        )
    return value


def has_secret(name: str) -> bool:
    """Whether a key is set; its value is not looked at."""
    return bool(os.environ.get(name))


def ambient_secrets() -> tuple[str, ...]:
    """Keys that a library may find in the environment by itself, to be kept out of messages."""
    named = (value for name, value in os.environ.items() if _SECRET_NAME.search(name))
    return tuple(value for value in named if len(value) >= _SHORTEST_AMBIENT_SECRET)


def switch_off_telemetry() -> None:
    """Keep libraries from calling home; must run before they are imported."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def child_environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a process that must see the same settings as this one."""
    return {
        **os.environ,
        "SYNTH_HOME": str(settings.home),
        "SYNTH_RECIPES": os.pathsep.join(str(path) for path in settings.recipe_folders),
        "SYNTH_DASHBOARD_PORT": str(settings.dashboard_port),
        "SYNTH_DAGSTER_PORT": str(settings.dagster_port),
        "SYNTH_FRESH_DAYS": str(settings.fresh_days),
        "SYNTH_SHIPPED_RECIPES": "off" if settings.lent_folders else "on",
        "DO_NOT_TRACK": "1",
        **more,
    }


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name) or "on"
    if value not in ("on", "off"):
        raise ConfigurationError(f"{name} is {value!r}; say on or off.")
    return value == "on"


def _user_folders(value: str | None) -> tuple[Path, ...]:
    if value is None or not value.strip():
        default = Path("recipes").resolve()
        return (default,) if default.is_dir() else ()
    folders = tuple(Path(part).expanduser().resolve() for part in value.split(os.pathsep) if part)
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(
                f"SYNTH_RECIPES names {folder}, which is no folder. Create it or mend the variable."
            )
    return folders


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise ConfigurationError(f"{name} is {text!r}; give a port from 1 to 65535.")
    return int(text)


def _unsafe_execution(environment: Mapping[str, str]) -> bool:
    text = environment.get("SYNTH_UNSAFE_EXECUTION")
    if text and text != _DISPOSABLE:
        raise ConfigurationError(
            f"SYNTH_UNSAFE_EXECUTION is {text!r}; write {_DISPOSABLE!r} if that is so, or unset it."
        )
    return bool(text)


def _fresh_days(environment: Mapping[str, str]) -> int:
    text = environment.get("SYNTH_FRESH_DAYS") or "30"
    if not text.isdecimal() or int(text) > _MOST_FRESH_DAYS:
        raise ConfigurationError(
            f"SYNTH_FRESH_DAYS is {text!r}; give a number of days up to {_MOST_FRESH_DAYS}, 0 for "
            "never stale."
        )
    return int(text)


def _webhook(environment: Mapping[str, str]) -> str | None:
    text = environment.get("SYNTH_WEBHOOK_URL") or None
    if text is not None and not text.startswith(("http://", "https://")):
        raise ConfigurationError(
            "SYNTH_WEBHOOK_URL is no address: it must start with https:// or http://."
        )
    return text


def _workers(environment: Mapping[str, str]) -> int | None:
    text = environment.get("SYNTH_WORKERS") or "auto"
    if text == "auto":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise ConfigurationError(
            f"SYNTH_WORKERS is {text!r}; give a number of processes from 1 to {_MOST_WORKERS}, or "
            "auto."
        )
    return int(text)
