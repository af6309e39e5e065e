/** The table of niches: sorts by any column, filters by the expressions of `--select`. */

import { button, element, onceAFrame } from "./elements.js";
import { app, listen, select } from "./state.js";
import { fetchSelection, isStatic } from "./source.js";
import { chooserOf } from "./expression.js";
import { currentRoute, replaceRoute } from "./route.js";
import { nicheThumbnail } from "./thumbnails.js";
import { cut, plain, score, several, whole } from "./format.js";

const ROW = 40; // [px]
const PAUSE = 200; // [ms] after the last key until a filter is applied
const BEYOND = 8; // rows drawn above and below those in sight
const COLUMNS = [
  ["id", "niche", (n) => n.id, whole],
  ["title", "world", (n) => n.title, (text) => cut(text, 200)],
  ["score", "score", (n) => n.score, score],
  ["best", "best", (n) => n.best, score],
  ["solved", "solved at", (n) => n.solved, orDash],
  ["born", "born", (n) => n.born, orDash],
  ["died", "retired", (n) => n.died, (value) => (value === null ? "active" : whole(value))],
  ["parent", "parent", (n) => n.parent, orDash],
  [
    "novelty",
    "novelty",
    (n) => n.novelty,
    (value) => (value === null ? "–" : plain(Math.round(value * 100) / 100)),
  ],
];

function orDash(value) {
  return value === null || value === undefined ? "–" : whole(value);
}

/** The view of the table; `focus()` puts the cursor into the filter. */
export function makeTable() {
  const view = { sort: "id", down: true, ids: null, rows: [], asked: 0, drawn: "" };
  const parts = makeTableParts(view);
  view.refresh = onceAFrame(() => app.model && parts.root.isConnected && fill(view, parts));
  view.scroll = onceAFrame(() => app.model && parts.root.isConnected && drawRows(view, parts));
  parts.scroller.addEventListener("scroll", view.scroll);
  new ResizeObserver(view.scroll).observe(parts.scroller);
  listen("model", () => {
    Object.assign(view, { ids: null, sort: "id", down: true });
    parts.filter.value = currentRoute().filter;
    applyFilter(view, parts);
  });
  listen("data", () => applyFilter(view, parts));
  const repaint = () => {
    view.drawn = "";
    view.scroll();
  };
  for (const name of ["theme", "outlines"]) listen(name, repaint);
  listen("selected", view.scroll);
  return { root: parts.root, show: view.refresh, focus: () => parts.filter.focus() };
}

function makeTableParts(view) {
  const filter = filterField();
  const note = element("span", {
    class: "filternote",
    "data-testid": "filter-note",
    role: "status",
  });
  const heads = COLUMNS.map(([key, text]) => {
    const sort = button(text, () => sortBy(view, parts, key), { "data-testid": `sort-${key}` });
    return element("th", { scope: "col", class: `c-${key}` }, sort);
  });
  const body = element("tbody", {});
  const head = element("tr", {}, element("th", { class: "c-picture" }), heads);
  const table = element("table", { class: "niches" }, element("thead", {}, head), body);
  const scroller = element("div", { class: "tablebox", tabindex: 0 }, table);
  const bar = element("div", { class: "filterbar" }, filter, note);
  const root = element("section", { class: "table", "data-testid": "view-table" }, bar, scroller);
  const parts = { root, filter, note, heads, body, scroller };
  let timer = 0;
  filter.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => applyFilter(view, parts), PAUSE);
  });
  return parts;
}

function filterField() {
  return element("input", {
    type: "search",
    class: "filter",
    "data-testid": "filter",
    placeholder: "filter: score > 45 and alive, born < 200 or id in (3, 7)",
    "aria-label": "filter",
    spellcheck: "false",
    maxlength: 1000,
  });
}

function sortBy(view, parts, key) {
  view.down = view.sort === key ? !view.down : key === "id" || key === "title" || key === "parent";
  view.sort = key;
  parts.scroller.scrollTop = 0;
  fill(view, parts);
}

/** Ask which niches the expression selects; the last good selection stays while it is wrong. */
async function applyFilter(view, parts) {
  const expression = parts.filter.value.trim();
  const ticket = (view.asked += 1);
  if (parts.root.isConnected) replaceRoute({ filter: expression });
  parts.filter.classList.remove("wrong");
  if (expression === "") view.ids = null;
  else {
    try {
      const ids = isStatic()
        ? [...app.model.niches.values()].filter(chooserOf(expression)).map((niche) => niche.id)
        : (await fetchSelection(app.model.id, expression)).ids;
      if (ticket !== view.asked) return;
      view.ids = new Set(ids);
    } catch (error) {
      if (ticket !== view.asked) return;
      parts.filter.classList.add("wrong");
      parts.note.textContent = error.message;
      return;
    }
  }
  view.refresh();
}

function fill(view, parts) {
  const { model } = app;
  const valueOf = COLUMNS.find(([key]) => key === view.sort)[2];
  const rows = model.ids
    .filter((id) => view.ids === null || view.ids.has(id))
    .map((id) => model.niches.get(id));
  view.rows = rows.sort((a, b) => compareValues(valueOf(a), valueOf(b), view.down) || a.id - b.id);
  parts.heads.forEach((head, at) => {
    const own = COLUMNS[at][0] === view.sort;
    head.setAttribute("aria-sort", own ? (view.down ? "ascending" : "descending") : "none");
  });
  if (!parts.filter.classList.contains("wrong")) {
    parts.note.textContent =
      view.ids === null
        ? several(rows.length, "niche")
        : `${whole(rows.length)} of ${several(model.ids.length, "niche")}`;
  }
  view.drawn = "";
  drawRows(view, parts);
}

/** Order of two cells; missing ones last in both directions. */
function compareValues(a, b, down) {
  const [first, second] = [a ?? null, b ?? null];
  if (first === null || second === null) return (first === null) - (second === null);
  const order = typeof first === "string" ? first.localeCompare(second) : first - second;
  return down ? order : -order;
}

function drawRows(view, parts) {
  const { scrollTop, clientHeight } = parts.scroller;
  const first = Math.max(0, Math.floor(scrollTop / ROW) - BEYOND);
  const last = Math.min(view.rows.length, first + Math.ceil(clientHeight / ROW) + 2 * BEYOND);
  const key = [first, last, app.selected].join();
  if (key === view.drawn) return;
  view.drawn = key;
  const spacer = (rows) => {
    const line = element(
      "tr",
      { class: "space", "aria-hidden": "true" },
      element("td", { colspan: COLUMNS.length + 1 }),
    );
    line.style.height = `${rows * ROW}px`;
    return line;
  };
  parts.body.replaceChildren(
    spacer(first),
    ...view.rows.slice(first, last).map(tableRow),
    spacer(view.rows.length - last),
  );
}

function tableRow(niche) {
  const cells = COLUMNS.map(([key, , valueOf, format]) =>
    element("td", {
      class: `c-${key}`,
      text: format(valueOf(niche) ?? null),
      title: key === "title" ? cut(niche.title, 1000) : null,
    }),
  );
  return element(
    "tr",
    {
      "data-testid": "row",
      "data-niche": niche.id,
      class: niche.id === app.selected ? "selected" : null,
      on: { click: () => select(niche.id) },
    },
    element("td", { class: "c-picture" }, nicheThumbnail(niche, 120, 28)),
    cells,
  );
}
