/** All lanes in a narrow picture beside the tree, with a frame around the part in sight. */

import { element, fitCanvas } from "./elements.js";
import { endOf } from "./model.js";
import { rampStep, theme } from "./theme.js";

const MAP_WIDTH = 64; // [px]

/** A minimap; `draw(scene)` paints it, `onscroll(share)` asks for a place of the tree. */
export function makeMinimap(onscroll) {
  const title = "all lanes; drag to scroll";
  const canvas = element("canvas", { class: "minimap", "data-testid": "minimap", title });
  const map = { canvas, picture: null, painted: "" };
  const scrollTo = (event) => {
    const box = canvas.getBoundingClientRect();
    onscroll((event.clientY - box.top) / box.height);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    scrollTo(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) scrollTo(event);
  });
  return { canvas, draw: (scene) => drawMap(map, scene) };
}

function drawMap(map, scene) {
  const { layout, model, top } = scene;
  const key = [model.id, layout.from, layout.to, layout.total, layout.height, theme.dark].join();
  if (key !== map.painted) {
    map.picture = paintAll(scene);
    map.painted = key;
  }
  const context = fitCanvas(map.canvas, MAP_WIDTH, layout.height);
  context.drawImage(map.picture, 0, 0, MAP_WIDTH, layout.height);
  const from = (top / layout.total) * layout.height;
  const size = Math.max(3, Math.min(1, layout.height / layout.total) * layout.height);
  context.globalAlpha = 0.25;
  context.fillStyle = theme.accent;
  context.fillRect(0, from, MAP_WIDTH, size);
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.strokeRect(0.5, from + 0.5, MAP_WIDTH - 1, size - 1);
}

/** Every lane as a bar in the colour of its best score. */
function paintAll({ model, lanes, layout }) {
  const canvas = document.createElement("canvas");
  const context = fitCanvas(canvas, MAP_WIDTH, layout.height);
  const scale = layout.height / layout.total;
  const xOf = (time) => ((time - layout.from) / (layout.to - layout.from)) * MAP_WIDTH;
  lanes.rows.forEach((id, row) => {
    const niche = model.niches.get(id);
    const height = Math.max(0.4, Math.min(layout.high(row) * scale * 0.7, 2));
    const from = Math.max(0, xOf(niche.born));
    const wide = Math.max(1, xOf(endOf(model, niche)) - from);
    context.fillStyle = Number.isFinite(niche.best)
      ? theme.css[rampStep(niche.best, model.range)]
      : theme.grey;
    context.fillRect(from, layout.y(row) * scale - height / 2, wide, height);
  });
  return canvas;
}
