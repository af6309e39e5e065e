"""The page's files as one HTML file: its modules joined in the order of their imports.

The modules are written for it: imports of names without aliases, each on one line, and no two
modules have a top-level name in common (tests/archive/page/test_assets.py).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

from .files import ENTRY, IMPORT, assets, in_order

_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)
_STYLE = '<link rel="stylesheet" href="assets/style.css">\n'
_SCRIPT = f'<script type="module" src="assets/{ENTRY}"></script>\n'


def joined(modules: Mapping[str, str]) -> str:
    """One script of all modules that ENTRY needs, each after those that it imports.

    modules: source by name. ValueError if what remains still imports or exports.
    """
    script = "\n".join(_EXPORT.sub("", IMPORT.sub("", modules[name])) for name in in_order(modules))
    if left := re.search(r"^(import|export)\b.*$|</script", script, re.MULTILINE):
        raise ValueError(f"the page's modules cannot be joined: {left[0]!r}")
    return script


def page_with(blocks: Iterable[str]) -> str:
    """The page as one file that needs no network; blocks: elements with its data."""
    texts = {name: content.decode() for name, (_, content) in assets().items()}
    style = f"\n{texts['style.css']}"
    script = f"\n{joined({name: t for name, t in texts.items() if name.endswith('.js')})}"
    html = texts["index.html"]
    for wanted in (_STYLE, _SCRIPT, "<body>"):
        if html.count(wanted) != 1:
            raise ValueError(f"index.html must have {wanted.strip()!r} once")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    data = "".join(f"{block}\n" for block in blocks)
    return (
        html.replace("<meta ", meta + "<meta ", 1)
        .replace(_STYLE, f"<style>{style}</style>\n")
        .replace(_SCRIPT, "")
        .replace("<body>", '<body data-static="1">', 1)
        .replace("</body>", f'{data}<script type="module">{script}</script>\n</body>', 1)
    )


def _hash(text: str) -> str:
    """The name of an inline script or style in a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
