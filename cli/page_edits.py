"""Editing of a run's tasks in the page: the run's family, and the code of `inject`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .injections import check_accepts, put
from .plugin_files import trusted
from .run_settings import settings_of
from .wiring import make_family, title_of

if TYPE_CHECKING:
    from openpoet.archive.page.editing import Editing, Editor
    from openpoet.archive.page.site import Site
    from openpoet.poet.interfaces import Task


def editing_of(site: Site) -> Editing:
    """Editing of the tasks of a site's runs, with a new token."""
    from openpoet.archive.page.editing import Editing

    return Editing(site, open_editor)


def open_editor(path: Path) -> Editor:
    """The editor of the run in that folder. ValueError if its family may not be executed here."""
    from openpoet.archive.page.editing import Editor
    from openpoet.archive.store.run_folder import Run

    with Run.open(path, write=False) as run:
        family = make_family(trusted(settings_of(run)), 1)

    def inject(task: Task, source: str) -> str:
        with Run.open(path, write=False) as run:
            check_accepts(run)
            put(run, task, source, family)
        return "the task waits for the next reproduction of the run"

    return Editor(family, lambda task: title_of(family, task), inject)
