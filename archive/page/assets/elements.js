/** Building of DOM elements. Text becomes text nodes only: nothing from an archive is markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `properties`: attributes, except `text` (its text), `on` ({event: listener}) and
 * `value` or `checked` (set as properties); null, undefined and false attributes are left out.
 */
export function element(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** An SVG element; the same arguments as `element`. */
export function vector(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = String(value);
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button with a text. */
export function button(text, listener, properties = {}) {
  return element("button", { type: "button", text, on: { click: listener }, ...properties });
}

/** A canvas' 2D context in CSS pixels, cleared, at the resolution of the screen. */
export function fitCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [width, height].map((size) => Math.max(1, Math.round(size * ratio)));
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** `draw`, called once at the next frame however often it is asked for. */
export function onceAFrame(draw) {
  let asked = 0;
  return () => {
    if (!asked) {
      asked = requestAnimationFrame(() => {
        asked = 0;
        draw();
      });
    }
  };
}
