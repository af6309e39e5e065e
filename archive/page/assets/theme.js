/** Colours: those of the style sheet, viridis for scores, hues for lines of agents. */

const NAMES = [
  "paper",
  "ink",
  "muted",
  "rule",
  "faint",
  "accent",
  "high",
  "low",
  "sky",
  "haze",
  "hill",
  "hill2",
  "earth",
  "grass",
  "edge",
  "beyond",
  "stone",
  "stone2",
  "plan",
  "hull",
  "limb1",
  "limb2",
  "limb3",
  "limb4",
  "ray",
  "other",
  "blue",
  "cyan",
  "green",
  "vermillion",
  "yellow",
  "purple",
  "grey",
];
// viridis (matplotlib, CC0) at 17 even steps
const VIRIDIS =
  "440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 " +
  "a5db36 d2e21b f1e51d fde725";
const SERIES = [
  "blue",
  "cyan",
  "green",
  "vermillion",
  "yellow",
  "purple",
  "stone",
  "grey",
  "hull",
  "limb4",
];
const STEPS = 256;

export const theme = { dark: false, ramp: new Uint32Array(STEPS), css: [] };

/** Read the style sheet's colours again, after the system changed between light and dark. */
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) theme[name] = style.getPropertyValue(`--${name}`).trim();
  theme.dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  theme.series = SERIES.map((name) => theme[name]);
  const stops = VIRIDIS.split(" ").map((hex) =>
    [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)),
  );
  // the ends of viridis that vanish on this paper are left out
  const [first, last] = theme.dark ? [0.12, 1] : [0, 0.93];
  for (let step = 0; step < STEPS; step += 1) {
    const at = (first + ((last - first) * step) / (STEPS - 1)) * (stops.length - 1);
    const below = Math.min(Math.floor(at), stops.length - 2);
    const rgb = stops[below].map((value, channel) =>
      Math.round(value + (stops[below + 1][channel] - value) * (at - below)),
    );
    theme.ramp[step] = packed(rgb);
    theme.css[step] = `rgb(${rgb.join(" ")})`;
  }
}

/** Position of a score on the ramp, 0 to 255. */
export function rampStep(value, [low, high]) {
  const share = high > low ? (value - low) / (high - low) : 1;
  return Math.max(0, Math.min(STEPS - 1, Math.round(share * (STEPS - 1))));
}

/** The colour of a score, as CSS. */
export function scoreColour(value, range) {
  return Number.isFinite(value) ? theme.css[rampStep(value, range)] : theme.grey;
}

/** A colour for a share of the circle of hues, even in lightness (OKLCH), as [r, g, b]. */
export function hueColour(share, shade) {
  const light = (theme.dark ? 0.74 : 0.64) + 0.07 * shade;
  const angle = 2 * Math.PI * share;
  const [a, b] = [0.135 * Math.cos(angle), 0.135 * Math.sin(angle)];
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((value) =>
    Math.round(255 * Math.max(0, Math.min(1, 1.055 * Math.max(value, 0) ** (1 / 2.4) - 0.055))),
  );
}

/** A colour [r, g, b] as one number of an image's pixels. */
export function packed([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
