/** All lanes in a narrow picture beside the tree, with a frame around the part in sight. */

import { element, fitCanvas } from "./elements.js";
import { endOf } from "./model.js";
import { rampStep, theme } from "./theme.js";

const WIDTH = 64;

/** A minimap; `draw(scene)` paints it, `onscroll(share)` asks for a place of the tree. */
export function makeMinimap(onscroll) {
  const canvas = element("canvas", {
    class: "minimap",
    "data-testid": "minimap",
    title: "all lanes; drag to scroll",
  });
  let picture = null;
  let painted = "";
  function scrollTo(event) {
    const box = canvas.getBoundingClientRect();
    onscroll((event.clientY - box.top) / box.height);
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    scrollTo(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) scrollTo(event);
  });
  function draw(scene) {
    const { layout, lanes, model, top } = scene;
    const key = [model.id, model.iteration, lanes.rows.length, layout.height, theme.dark].join();
    if (key !== painted) {
      picture = paintAll(scene);
      painted = key;
    }
    const context = fitCanvas(canvas, WIDTH, layout.height);
    context.drawImage(picture, 0, 0, WIDTH, layout.height);
    const [from, size] = [top / layout.total, Math.min(1, layout.height / layout.total)];
    context.fillStyle = theme.high;
    context.fillRect(0, from * layout.height, WIDTH, Math.max(3, size * layout.height));
    context.strokeStyle = theme.accent;
    context.strokeRect(0.5, from * layout.height + 0.5, WIDTH - 1, Math.max(3, size * layout.height) - 1);
  }
  return { canvas, draw };
}

function paintAll({ model, lanes, layout }) {
  const canvas = document.createElement("canvas");
  const context = fitCanvas(canvas, WIDTH, layout.height);
  const step = layout.height / lanes.rows.length;
  const height = Math.max(0.6, Math.min(step * 0.7, 2));
  lanes.rows.forEach((id, row) => {
    const niche = model.niches.get(id);
    const from = (niche.born / layout.end) * WIDTH;
    const across = Math.max(1, (endOf(model, niche) / layout.end) * WIDTH - from);
    context.fillStyle = Number.isFinite(niche.best)
      ? theme.css[rampStep(niche.best, model.range)]
      : theme.grey;
    context.globalAlpha = niche.died === null ? 1 : 0.55;
    context.fillRect(from, (row + 0.5) * step - height / 2, across, height);
  });
  return canvas;
}
