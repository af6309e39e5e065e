/** The pointer over the tree: what the marks say, selection, scrubbing on the axis. */

import { transferAt } from "./arcs.js";
import { describeLane, describeRefused, describeTransfer } from "./describe.js";
import { iterationAt, iterationsPerPixel, rowAt } from "./layout.js";
import { refusedAt } from "./refused.js";
import { movedSpan, zoomedSpan } from "./span.js";
import { app, hover, notify, select, setTime, shownTime } from "./state.js";
import { hideTooltip, showTooltip } from "./tooltip.js";

/** Tell about a niche at the iteration shown. */
export function explainLane(id, event) {
  showTooltip(event.clientX, event.clientY, describeLane(app.model, id, shownTime()));
}

/** The pointer is over nothing that has a meaning. */
export function leave() {
  hover(null);
  hideTooltip();
}

/** The wheel: with Ctrl (or a pinch) it zooms into time, sideways it moves; double click: all. */
export function followWheel(view, canvases) {
  const change = (span) => {
    view.choice.span = span;
    notify("choice");
  };
  for (const canvas of canvases) {
    canvas.addEventListener("dblclick", () => change(null));
    canvas.addEventListener(
      "wheel",
      (event) => {
        const { layout } = view;
        const sideways = event.shiftKey ? event.deltaY : event.deltaX;
        const zooming = event.ctrlKey || event.metaKey;
        if (!layout || (!zooming && (!sideways || view.choice.span === null))) return;
        event.preventDefault();
        leave();
        const end = Math.max(app.model.iteration, 1);
        const x = event.clientX - canvas.getBoundingClientRect().left;
        if (zooming) change(zoomedSpan(layout, end, iterationAt(layout, x), 3 * event.deltaY));
        else change(movedSpan(layout, end, sideways * iterationsPerPixel(layout)));
      },
      { passive: false },
    );
  }
}

/** Explain the marks under the pointer; clicks select lanes, the time axis scrubs. */
export function followPointer(view, parts, sceneOfView) {
  const { plot, axis } = parts;
  const place = (event) => {
    const box = plot.getBoundingClientRect();
    const [x, down] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y: down, row: rowAt(view.layout, down + parts.scroller.scrollTop) };
  };
  plot.addEventListener("pointermove", (event) => {
    if (view.layout) explain(view, sceneOfView(), event, place(event));
  });
  plot.addEventListener("pointerleave", leave);
  plot.addEventListener("click", (event) => {
    const { row } = place(event);
    if (row !== null) select(view.lanes.rows[row]);
  });
  const scrub = (event) => {
    const box = axis.getBoundingClientRect();
    setTime(iterationAt(view.layout, event.clientX - box.left));
  };
  axis.addEventListener("pointerdown", (event) => {
    axis.setPointerCapture(event.pointerId);
    scrub(event);
  });
  axis.addEventListener("pointermove", (event) => {
    if (event.buttons) scrub(event);
  });
}

/** Tell what is under the pointer: a refused candidate, a transfer, or a lane. */
function explain(view, scene, event, { x, y, row }) {
  const candidate = view.choice.refused ? refusedAt(scene, view.choice.refused, x, y) : null;
  if (candidate !== null) {
    hover(null);
    showTooltip(event.clientX, event.clientY, describeRefused(view.choice.refused, candidate));
    return;
  }
  const id = row === null ? null : view.lanes.rows[row];
  const time = iterationAt(view.layout, x);
  const niche = id === null ? null : app.model.niches.get(id);
  const onLane =
    niche &&
    Math.abs(view.layout.y(row) - scene.top - y) <= Math.max(view.layout.lane(row) / 2 + 3, 4) &&
    time >= niche.born &&
    time <= (niche.died ?? Infinity);
  const transfer = onLane ? null : transferAt(scene, x, y);
  if (transfer !== null) {
    hover(null);
    showTooltip(event.clientX, event.clientY, describeTransfer(app.model, transfer));
  } else if (niche) {
    hover(id);
    showTooltip(event.clientX, event.clientY, describeLane(app.model, id, Math.floor(time)));
  } else leave();
}
