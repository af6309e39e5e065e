/** Editing: its token, which comes with the address and is kept by the tab, and its button. */

import { button } from "./elements.js";
import { isStatic } from "./source.js";

const KEPT = "openpoet-edit";

/** Take the token from the address, where it has one; whether it had one. */
export function takeToken() {
  const [path, query = ""] = window.location.hash.split("?", 2);
  const values = new URLSearchParams(query);
  const token = values.get("edit");
  if (token === null) return false;
  window.sessionStorage.setItem(KEPT, token);
  values.delete("edit"); // so that the token is in no bookmark
  const rest = values.toString();
  window.history.replaceState(null, "", rest ? `${path}?${rest}` : path || "#/");
  return true;
}

/** Whether the page shows editors: it has a token, which the server checks. */
function mayEdit() {
  return !isStatic() && editToken() !== null;
}

/** The token; null if there is none. */
export function editToken() {
  return window.sessionStorage.getItem(KEPT);
}

/** The button that opens the editor, which is loaded by it; null where tasks cannot be edited. */
export function editButton(model, niche) {
  if (!mayEdit()) return null;
  const open = async () => {
    const { openEditor } = await import("./editor.js");
    openEditor(model, niche);
  };
  return button("Edit", open, {
    class: "quiet edit",
    title: "change this task and put it into the run",
    "data-testid": "edit",
  });
}
