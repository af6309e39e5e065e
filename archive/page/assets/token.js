/** The token with which tasks may be edited: it comes with the address; the tab keeps it. */

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
export function mayEdit() {
  return !isStatic() && editToken() !== null;
}

/** The token; null if there is none. */
export function editToken() {
  return window.sessionStorage.getItem(KEPT);
}
