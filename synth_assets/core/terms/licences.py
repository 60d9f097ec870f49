"""What licences and providers' terms say to training on what they cover.

A table for a machine to warn by, and no legal advice: it says in a word each what the texts are
known to say, and where they stand. Texts change; whoever relies on one reads it. What the table
does not know is `unstated`.
"""

from dataclasses import dataclass, replace

from synth_assets.core.config.terms import Answer, StatedTerms

AS_OF = "2026-11-21"
"""The day to which the table was brought up."""

UNSTATED = "unstated"

_YES, _NO = Answer.ALLOWED, Answer.FORBIDDEN
_SPDX = "https://spdx.org/licenses/"
_GPL = ("2.0", "3.0")


@dataclass(frozen=True)
class Terms:
    """What may be done with texts under a licence or a provider's terms.

    Attributes:
        licence: its SPDX id, or our name of it.
        commercial: use for gain.
        training: training of other models.
        competing: training of models that compete with those of who gave it.
        sharing: giving on what is made of it.
        share_alike: the licences under which what is made of it may be given on; with none, any.
        credit: whether who made it must be named.
        notice: words that must be given along.
        students: what a model trained on it has to bear.
        family: models of this family may be trained whatever `training` and `competing` say.
        source: address of the text.
        as_of: the day to which this was brought up.
        because: where a user says that something else holds; empty where nothing does.
    """

    licence: str
    commercial: Answer = Answer.UNSTATED
    training: Answer = Answer.UNSTATED
    competing: Answer = Answer.UNSTATED
    sharing: Answer = Answer.UNSTATED
    share_alike: frozenset[str] = frozenset()
    credit: bool = False
    notice: str = ""
    students: str = ""
    family: str = ""
    source: str = ""
    as_of: str = ""
    because: str = ""

    def under(self, stated: StatedTerms | None) -> "Terms":
        """The same, with what a user states over it."""
        if stated is None:
            return self
        return replace(
            self,
            commercial=stated.commercial or self.commercial,
            training=stated.training or self.training,
            competing=stated.competing or self.competing,
            sharing=stated.sharing or self.sharing,
            notice=self.notice if stated.attribution is None else stated.attribution,
            because=stated.because,
        )


def _free(name: str, source: str = "", **more: object) -> Terms:
    free = Terms(
        name,
        commercial=_YES,
        training=_YES,
        competing=_YES,
        sharing=_YES,
        credit=True,
        source=source or f"{_SPDX}{name}.html",
        as_of=AS_OF,
    )
    return replace(free, **more)  # pyright: ignore[reportArgumentType]


def _alike(name: str, source: str = "", *as_well: str, **more: object) -> Terms:
    return _free(name, source, share_alike=frozenset((name, *as_well)), **more)


def _creative_commons(version: str) -> tuple[Terms, ...]:
    def at(kind: str) -> str:
        return f"https://creativecommons.org/licenses/{kind}/{version}/"

    later = ("4.0",) if version == "3.0" else ()
    # https://creativecommons.org/share-your-work/licensing-considerations/compatible-licenses/
    to_gpl = ("GPL-3.0-only",) if version == "4.0" else ()
    share = (*(f"CC-BY-SA-{each}" for each in later), *to_gpl)
    share_unpaid = tuple(f"CC-BY-NC-SA-{each}" for each in later)
    return (
        _free(f"CC-BY-{version}", at("by")),
        _alike(f"CC-BY-SA-{version}", at("by-sa"), *share),
        _free(f"CC-BY-NC-{version}", at("by-nc"), commercial=_NO),
        # What is made of it may not be given on; it may be used.
        _free(f"CC-BY-ND-{version}", at("by-nd"), sharing=_NO),
        _free(f"CC-BY-NC-ND-{version}", at("by-nc-nd"), commercial=_NO, sharing=_NO),
        _alike(f"CC-BY-NC-SA-{version}", at("by-nc-sa"), *share_unpaid, commercial=_NO),
    )


def _gnu(name: str, versions: tuple[str, ...], to: str = "") -> tuple[Terms, ...]:
    """Licences of the GNU project: `only` one version, or later ones too.

    Args:
        name: of the licence.
        versions: of it, in order.
        to: version of the GPL under which the first may be given on as well, and any later one.
    """
    found: list[Terms] = []
    for place, version in enumerate(versions):
        only = f"{name}-{version}-only"
        later = _each(name, versions[place:])
        gpl = _each("GPL", _GPL[_GPL.index(to) + place :]) if to else ()
        found += [_alike(only, "", *gpl), _alike(f"{name}-{version}-or-later", "", *later, *gpl)]
    return tuple(found)


def _each(name: str, versions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}-{version}-{end}" for version in versions for end in ("only", "or-later"))


def _llama(name: str, version: str) -> Terms:
    return _free(
        name,
        f"https://www.llama.com/{name.replace('.', '_')}/license/",
        notice="Built with Llama",
        students=f'its name must begin with "Llama"; the Llama {version} licence and its '
        "acceptable use policy go along",
        family="llama",
    )


def _provider(name: str, source: str) -> Terms:
    """Terms by which outputs are the customer's, and train no models that compete."""
    return _free(name, source, competing=_NO, credit=False)


_TABLE: tuple[Terms, ...] = (
    _free("MIT"),
    _free("MIT-0", credit=False),
    _free("Apache-2.0"),
    _free("BSD-2-Clause"),
    _free("BSD-3-Clause"),
    _free("0BSD", credit=False),
    _free("ISC"),
    _free("Unlicense", credit=False),
    _free(
        "PSF-2.0",
        "https://docs.python.org/3/license.html",
        notice="Copyright (c) 2001 Python Software Foundation; All Rights Reserved",
    ),
    _free("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/", credit=False),
    _free("PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/", credit=False),
    _free("ODC-BY-1.0", "https://opendatacommons.org/licenses/by/1-0/"),
    _alike("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
    _free("CDLA-Permissive-1.0", "https://cdla.dev/permissive-1-0/"),
    _free("CDLA-Permissive-2.0", "https://cdla.dev/permissive-2-0/"),
    _alike("CDLA-Sharing-1.0", "https://cdla.dev/sharing-1-0/"),
    *_creative_commons("3.0"),
    *_creative_commons("4.0"),
    *_gnu("GPL", _GPL),
    # Section 3 of version 2.1, and section 2b of version 3.0.
    *_gnu("LGPL", ("2.1", "3.0"), to="2.0"),
    *_gnu("AGPL", ("3.0",)),
    # Its section 3.3.
    _alike(
        "MPL-2.0",
        "",
        *_each("GPL", _GPL),
        *_each("LGPL", ("2.1", "3.0")),
        *_each("AGPL", ("3.0",)),
    ),
    _alike("GFDL-1.3-only"),
    _free(
        "llama2",
        "https://ai.meta.com/llama/license/",
        training=_NO,
        competing=_NO,
        family="llama",
    ),
    _free(
        "llama3",
        "https://www.llama.com/llama3/license/",
        training=_NO,
        competing=_NO,
        family="llama",
        notice="Built with Meta Llama 3",
    ),
    _llama("llama3.1", "3.1"),
    _llama("llama3.2", "3.2"),
    _llama("llama3.3", "3.3"),
    _llama("llama4", "4"),
    _free(
        "gemma",
        "https://ai.google.dev/gemma/terms",
        credit=False,
        students="made to perform like Gemma, it is a model derivative of it: the Gemma terms and "
        "their prohibited uses go along",
    ),
    _free(
        "bigscience-openrail-m",
        "https://www.licenses.ai/blog/2022/8/26/bigscience-open-rail-m-license",
        credit=False,
        students="the licence's use restrictions go along",
    ),
    _free(
        "deepseek",
        "https://github.com/deepseek-ai/DeepSeek-V3/blob/main/LICENSE-MODEL",
        credit=False,
        students="the licence's use restrictions go along",
    ),
    _free(
        "tongyi-qianwen",
        "https://github.com/QwenLM/Qwen/blob/main/Tongyi%20Qianwen%20LICENSE%20AGREEMENT",
        training=_NO,
        competing=_NO,
        family="qwen",
    ),
    _free(
        "qwen",
        "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
        notice="Built with Qwen",
        students='"Built with Qwen" or "Improved using Qwen" goes along',
    ),
    _free(
        "qwen-research",
        "https://huggingface.co/Qwen/Qwen2.5-3B/blob/main/LICENSE",
        commercial=_NO,
        notice="Built with Qwen",
        students='"Built with Qwen" or "Improved using Qwen" goes along',
    ),
    _free("mistral-research", "https://mistral.ai/licenses/MRL-0.1.md", commercial=_NO),
    _provider("openai-terms", "https://openai.com/policies/services-agreement/"),
    _provider("anthropic-terms", "https://www.anthropic.com/legal/commercial-terms"),
    _provider("google-gemini-terms", "https://ai.google.dev/gemini-api/terms"),
)

KNOWN: dict[str, Terms] = {terms.licence: terms for terms in _TABLE}
"""Licence -> what it says."""

_ALSO_CALLED = {
    "apache 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "cc0": "CC0-1.0",
    "gfdl": "GFDL-1.3-only",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "odbl": "ODbL-1.0",
    "odc-by": "ODC-BY-1.0",
    "pddl": "PDDL-1.0",
}
_NAMES = {**{name.lower(): name for name in KNOWN}, **_ALSO_CALLED}


def terms_of(licence: str, stated: StatedTerms | None = None) -> Terms:
    """What a licence says, and what a user states over it.

    A licence that is not in the table says nothing: all its answers are `unstated`.
    """
    name = licence.strip()
    known = _NAMES.get(name.lower())
    return (KNOWN[known] if known else Terms(name or UNSTATED)).under(stated)
