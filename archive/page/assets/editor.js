/** The editor of a niche's task: sliders, the world they make, and what becomes of it. */

import { button, element } from "./elements.js";
import { fetchNiche, sendEdit, sendInjection } from "./source.js";
import { makeEditScene } from "./editscene.js";
import { makeKnobs } from "./knobs.js";
import { editToken } from "./token.js";

const MOST_UNDONE = 100;
const LARGEST = 2 ** 31; // of the numbers that draw mutations

/** Open the editor on the task of a niche. */
export async function openEditor(model, niche) {
  const editor = { model, niche, task: null, base: null, key: null, past: [], shown: null };
  editor.waiting = new Map(); // changes to be sent: the last one of each drag
  editor.busy = false;
  editor.drags = 0;
  const released = () => {
    editor.drags += 1; // what follows is another edit
  };
  editor.scene = makeEditScene(
    (stroke) => change(editor, `stroke ${editor.drags}`, { stroke }),
    released,
  );
  editor.knobs = makeKnobs(
    (name, value) => change(editor, `${name} ${editor.drags}`, { turn: [name, value] }),
    released,
  );
  const dialog = makeDialog(editor);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    editor.scene.close();
    dialog.remove();
  });
  dialog.showModal();
  try {
    const { task } = model.details.get(niche.id) ?? (await fetchNiche(model.id, niche.id));
    editor.task = task;
    change(editor, "open", {});
  } catch (error) {
    say(editor, error.message, true);
  }
}

function makeDialog(editor) {
  const { niche, scene, knobs } = editor;
  editor.title = element("p", { class: "title", "data-testid": "edit-title", text: niche.title });
  editor.note = element("p", { class: "editnote", role: "status", "data-testid": "edit-note" });
  const dialog = element("dialog", { class: "editor", "data-testid": "editor" });
  const act = (text, name, listener, kind = "quiet") =>
    button(text, listener, { class: kind, "data-testid": `edit-${name}` });
  editor.undo = act("Undo", "undo", () => undo(editor));
  editor.actions = [
    act("Mutate", "mutate", () => mutate(editor)),
    editor.undo,
    act("Save as JSON", "save", () => save(editor)),
    act("Inject", "inject", () => inject(editor), "primary"),
  ];
  dialog.append(
    element(
      "header",
      {},
      element("h2", { text: `Edit the task of niche ${niche.id}` }),
      button("×", () => dialog.close(), { class: "close", "aria-label": "close" }),
      editor.title,
    ),
    scene.root,
    knobs.root,
    editor.note,
    element("footer", {}, editor.actions),
  );
  enable(editor, false);
  return dialog;
}

/** Send a change; of one drag (key) only the last value that waits is sent. */
function change(editor, key, what) {
  editor.waiting.set(key, what);
  if (!editor.busy) sendAll(editor);
}

async function sendAll(editor) {
  editor.busy = true;
  for (let next = first(editor); next; next = first(editor)) {
    const [key, what] = next;
    editor.waiting.delete(key);
    if (key !== editor.key) {
      editor.key = key;
      editor.base = editor.task;
    }
    try {
      show(editor, await sendEdit(editor.model.id, editToken(), { task: editor.base, ...what }));
    } catch (error) {
      say(editor, error.message, true);
    }
  }
  editor.busy = false;
}

function first(editor) {
  return editor.waiting.entries().next().value;
}

/** Show a task as the server answered it; another edit than before can be undone. */
function show(editor, edited) {
  const changed = JSON.stringify(edited.task) !== JSON.stringify(editor.base);
  if (editor.shown && changed && editor.past.at(-1) !== editor.base) {
    editor.past = [...editor.past, editor.base].slice(-MOST_UNDONE);
  }
  editor.task = edited.task;
  editor.shown = edited;
  editor.title.textContent = edited.title;
  editor.knobs.show(edited.knobs);
  editor.scene.show(edited);
  say(editor, edited.draws ? "Move the sliders, drag obstacles, or draw new ones." : "");
  enable(editor, true);
}

function mutate(editor) {
  editor.drags += 1;
  change(editor, `mutate ${editor.drags}`, { mutate: Math.floor(Math.random() * LARGEST) });
}

function undo(editor) {
  if (!editor.past.length || editor.busy) return;
  editor.task = editor.past.at(-1);
  editor.past = editor.past.slice(0, -1);
  change(editor, `undo ${++editor.drags}`, {});
}

/** Let the browser save the task as `openpoet inject` and `openpoet play --task` read it. */
function save(editor) {
  const text = `${JSON.stringify(editor.task, null, 1)}\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  element("a", { href: address, download: `task_${editor.niche.id}.json` }).click();
  window.setTimeout(() => URL.revokeObjectURL(address), 1000);
}

async function inject(editor) {
  const { model, niche, task } = editor;
  enable(editor, false);
  try {
    const { line } = await sendInjection(model.id, editToken(), { task, niche: niche.id });
    say(editor, model.state === "running" ? `${line}.` : `${line}; resume it to go on.`);
  } catch (error) {
    say(editor, error.message, true);
  }
  enable(editor, true);
}

function say(editor, line, wrong = false) {
  editor.note.textContent = line;
  editor.note.classList.toggle("wrong", wrong);
}

function enable(editor, able) {
  for (const action of editor.actions) action.disabled = !able;
  editor.undo.disabled = !able || !editor.past.length;
}
