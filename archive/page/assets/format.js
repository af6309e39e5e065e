/** Numbers and times as text. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SIZES = [
  [1e12, " T"],
  [1e9, " G"],
  [1e6, " M"],
  [1e4, " k"],
];

/** A whole number with thousands separators. */
export function whole(value) {
  return finite(value) ? WHOLE.format(value).replace("-", "−") : "–";
}

/** A large number in few digits: 90 M, 1.2 G, 950. */
export function short(value) {
  if (!finite(value)) return "–";
  for (const [size, unit] of SIZES) {
    if (Math.abs(value) >= size) {
      // 10 k begins at 10,000, so that four digits stay a plain number
      const scaled = value / (unit === " k" ? 1e3 : size);
      return (scaled < 10 ? scaled.toFixed(1) : WHOLE.format(scaled)) + unit;
    }
  }
  return WHOLE.format(value);
}

/** A score: about three significant digits. */
export function score(value) {
  if (!finite(value)) return "–";
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 || value === 0 ? 1 : 2;
  return value.toFixed(digits).replace("-", "−");
}

/** A parameter of a task: as many digits as it needs, at most four decimals. */
export function plain(value) {
  if (typeof value !== "number") return String(value);
  return String(Number(value.toFixed(4))).replace("-", "−");
}

/** Seconds as m:ss.s of a clip. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

/** How long ago a time (seconds since the epoch) was. */
export function ago(time) {
  const past = Math.max(0, Date.now() / 1000 - time);
  for (const [size, unit] of [
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ]) {
    if (past >= size) return several(Math.floor(past / size), unit) + " ago";
  }
  return "just now";
}

/** A part's name: that of a file without its folders. */
export function fileName(text) {
  return cut(
    String(text ?? "")
      .split("/")
      .at(-1),
    40,
  );
}

/** A number with its noun: 1 niche, 2 niches. */
export function several(number, noun, plural = `${noun}s`) {
  return `${whole(number)} ${number === 1 ? noun : plural}`;
}

/** A text cut to a number of characters. */
export function cut(text, length) {
  const all = String(text ?? "");
  return all.length > length ? `${all.slice(0, length - 1)}…` : all;
}

/** Whether a value is a finite number. */
function finite(value) {
  return typeof value === "number" && Number.isFinite(value);
}
