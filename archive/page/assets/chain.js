/** "How was this solved?": the niches and transfers through which the present agent came. */

import { button, element } from "./elements.js";
import { hover, select } from "./state.js";
import { makeClock } from "./clock.js";
import { agentLine, endOf, scoreCurve } from "./model.js";
import { loadReplay, makeScreen } from "./screen.js";
import { score, several, whole } from "./format.js";

const MOST_SHOWN = 8; // steps, until all are asked for

/** The chain of a niche's details, the newest step first. */
export function makeChain(model, details) {
  const steps = [...details.solution].reverse();
  const list = element("ol", { class: "chain", "data-testid": "chain" });
  const add = (from, to) => {
    steps.slice(from, to).forEach((step, at) => {
      list.append(chainStep(model, step, steps[from + at + 1] ?? null));
    });
  };
  add(0, MOST_SHOWN);
  if (steps.length > MOST_SHOWN) {
    const more = button(
      `${several(steps.length - MOST_SHOWN, "earlier step")}`,
      () => {
        more.remove();
        add(MOST_SHOWN, steps.length);
      },
      { class: "quiet more" },
    );
    return element("div", {}, list, more);
  }
  return list;
}

/** The chain without the details of a niche. */
export function knownSolution(model, niche) {
  const line = agentLine(model, niche.id, endOf(model, niche));
  const steps = line.map(({ niche: id, from, to, how }, at) => {
    const { title, outline } = model.niches.get(id);
    const [times, values] = scoreCurve(model, id);
    const within = values.filter((_, place) => times[place] >= from && times[place] <= to);
    const best = Math.max(...within);
    const clip = { niche: id, agent: id, at: "last", exact: at === 0 };
    return { niche: id, iteration_from: from, iteration_to: to, how, best, title, outline, clip };
  });
  return steps.reverse();
}

function chainStep(model, step, before) {
  const screen = clipScreen(model, step);
  const came = {
    start: "here the first agent began to learn",
    birth: before ? `first agent: that of ${before.niche}` : "its first agent",
    transfer: before ? `moved here from ${before.niche}` : "moved here",
  }[step.how];
  const kind = step.how === "transfer" && step.kind ? ` (${step.kind})` : "";
  const span =
    step.iteration_from === step.iteration_to
      ? `at ${whole(step.iteration_from)}`
      : `${whole(step.iteration_from)} – ${whole(step.iteration_to)}`;
  return element(
    "li",
    {
      class: step.how,
      "data-niche": step.niche,
      on: { pointerenter: () => hover(step.niche), pointerleave: () => hover(null) },
    },
    screen,
    element(
      "div",
      {},
      button(`${step.niche}`, () => select(step.niche), { class: "niche" }),
      element("span", { class: "when", text: span }),
      element("div", { class: "how", text: `${came}${kind}` }),
      element("div", { class: "note2", text: `best ${score(step.best)}` }),
    ),
  );
}

/** The picture of a step's world, which plays its clip when clicked. */
function clipScreen(model, step) {
  const screen = makeScreen({ height: 52, strip: false });
  screen.outline = step.outline ?? model.niches.get(step.niche)?.outline ?? null;
  const clockwork = makeClock((state) => screen.draw(state.frame));
  const { niche, agent, at, exact } = step.clip;
  const whose = exact
    ? "the agent of this step"
    : "the last agent of this niche; this step's was not kept";
  screen.root.classList.add("clip");
  screen.root.dataset.testid = "clip";
  screen.root.title = `play: ${whose}`;
  screen.scene.setAttribute("role", "button");
  screen.scene.tabIndex = 0;
  async function play() {
    if (clockwork.state.playing) {
      clockwork.pause();
      return;
    }
    screen.root.classList.add("played");
    if (!screen.take) {
      screen.say("…");
      try {
        const replay = await loadReplay(model.id, niche, agent, at, screen.say);
        screen.open(replay);
      } catch (error) {
        screen.say(error.message);
        return;
      }
      clockwork.open(screen.take?.count ?? 1, screen.take?.dt ?? 0.02);
    }
    clockwork.play();
  }
  screen.scene.addEventListener("click", play);
  screen.scene.addEventListener("keydown", (event) => {
    if (event.key === "Enter") play();
  });
  new ResizeObserver(() => screen.draw(clockwork.state.frame)).observe(screen.root);
  return screen.root;
}
