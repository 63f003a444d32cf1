// Keys that go through a presentation, wherever the focus is, but where they have a meaning already.

import { isForPage } from "../common/keys.js";
import { mounting } from "../common/mount.js";

const ACTS = { ArrowRight: "on", PageDown: "on", " ": "on", ArrowLeft: "back", PageUp: "back", Escape: "leave" };
const REMOTE = ["PageDown", "PageUp"]; // what a presenter's remote sends: also after a click into the player, which has no use for them
const PRESSED_BY_SPACE = "button, summary, a, input, [role=button]";
const MOVED_BY_ARROWS = "input, [role=slider], [role=radiogroup], [role=tablist], [role=listbox]";
const CLOSED_BY_ESCAPE = "[role=menu], [role=dialog], [role=listbox]";

// What a key asks for: "on", "back", "leave" or nothing.
export function actOf(event) {
  const act = ACTS[event.key];
  if (!act || event.repeat || !isForPage(event)) return null;
  const path = event.composedPath().filter((target) => target instanceof Element);
  const within = (selectors) => path.some((target) => target.matches(selectors));
  if (within(".asd-player") && !REMOTE.includes(event.key)) return null;
  if (event.key === " " && within(PRESSED_BY_SPACE)) return null;
  if (event.key.startsWith("Arrow") && within(MOVED_BY_ARROWS)) return null;
  if (event.key === "Escape" && within(CLOSED_BY_ESCAPE)) return null;
  return act;
}

class PageKeys {
  constructor() {
    this.ended = new AbortController();
    window.addEventListener("keydown", (event) => this.press(event), { signal: this.ended.signal });
  }

  receive({ data, setTriggerValue }) {
    this.send = (act) => setTriggerValue("act", act);
    if (data.arrived && !this.arrived) this.send("arrived");
    this.arrived = true;
  }

  press(event) {
    const act = actOf(event);
    if (!act) return;
    event.preventDefault(); // Space and the page keys would scroll
    this.send(act);
  }

  destroy() {
    this.ended.abort();
  }
}

export default mounting("span", PageKeys);
