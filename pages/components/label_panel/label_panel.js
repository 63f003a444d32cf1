// The panel beside the player: the place in the queue, and all labelling by key or button.

import { isForPage } from "../common/keys.js";
import { mounting } from "../common/mount.js";

const DOUBLE_CLICK = 300; // ms after a clip's arrival: a press is still the second half of one on the clip before
const AGAIN = 3000; // ms after which an act that has no answer is sent again
const LEAVING = ["label", "skip"]; // acts that say something of the clip and leave it
const STAYING = "mark"; // the act after which the clip is still there
const FORGET = 5000; // ms without a press for which the number of those that did not count stays
const KEYS = { S: "skip", Z: "undo", ArrowLeft: "back", ArrowRight: "on" };
const MOVED_BY_ARROWS = "input, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [role=menu]";

const unanswered = []; // acts without an answer when their panel went: the next one sends those on the clip that it shows

class LabelPanel {
  constructor(root) {
    this.root = root;
    this.queue = []; // acts that wait for the answer to the one before
    this.asked = null;
    this.late = 0; // how often it was sent again
    this.refused = 0; // presses that came before their clip
    this.onKey = (event) => this.press(event);
    window.addEventListener("keydown", this.onKey);
    for (const button of root.querySelectorAll("[data-act]")) {
      button.onclick = ({ detail }) => {
        if (detail < 2 || button.dataset.act !== "undo") this.act(button.dataset.act); // a double click takes one back
      };
    }
    this.part("note").onkeydown = ({ key }) => {
      if (key === "Enter" || key === "Escape") this.part("note").blur(); // letters are keys again
    };
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  button(kind) {
    return this.root.querySelector(`[data-act=${kind}]`);
  }

  receive({ data, setTriggerValue }) {
    const before = this.data;
    this.data = data;
    this.send = (act) => setTriggerValue("act", act);
    if (data.showing && this.noted !== data.showing) {
      this.noted = data.showing; // while no clip can be shown, the note waits for its own
      this.since = performance.now();
      this.part("note").value = data.note;
    }
    if (before?.queue !== data.queue) this.leaveBox();
    this.draw();
    if (!before) this.queue = unanswered.splice(0).filter((act) => act.showing && act.showing === data.showing && act.id !== data.done);
    if (this.asked?.id === data.done) this.answered();
    else this.next();
  }

  // Another queue: whoever typed the name or chose an order is done with it, and letters are keys.
  leaveBox() {
    const box = document.activeElement;
    const chosen = box?.matches("[role=combobox]") && box.getAttribute("aria-expanded") !== "true";
    const named = box?.matches(".st-key-annotator input") && box.value.trim() === this.data.annotator;
    if (chosen || named) box.blur();
  }

  // A key anywhere on the page but where something is typed. One that is held down is one press: a page of labels must
  // not be written by a book on the keyboard.
  press(event) {
    const [target] = event.composedPath();
    if (event.repeat && event.key === "Enter" && this.root.contains(target)) event.preventDefault();
    if (!isForPage(event) || (event.key.startsWith("Arrow") && target.closest?.(MOVED_BY_ARROWS))) return;
    const act = this.actOf(event.key.length === 1 ? event.key.toUpperCase() : event.key);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) this.act(...act);
  }

  actOf(key) {
    if (KEYS[key]) return [KEYS[key]];
    const label = this.data.labels?.find(([, letter]) => letter === key), region = this.data.classes?.[key - 1];
    return label ? ["label", label[0]] : region && ["mark", region.name];
  }

  act(kind, value = null) {
    const { showing, region } = this.data, leaving = LEAVING.includes(kind);
    if (!showing && (leaving || kind === STAYING)) return;
    if (this.late || (leaving && this.isEarly())) return this.refuse();
    const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.queue.push({ id, kind, value, showing, region, note: this.part("note").value });
    this.next();
    this.drawSent();
  }

  // A press is about the clip that was shown and played, not about the next one that is on its way or has only just
  // come.
  isEarly() {
    return [this.asked, ...this.queue].some((act) => act && act.kind !== STAYING) || performance.now() - this.since < DOUBLE_CLICK;
  }

  // A press that does not count says so.
  refuse() {
    this.refused++;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => {
      this.refused = 0;
      this.drawSent();
    }, FORGET);
    this.drawSent();
  }

  // What is on its way, and what did not count.
  drawSent() {
    const acts = [this.asked, ...this.queue].filter(Boolean), leaving = acts.find(({ kind }) => LEAVING.includes(kind));
    this.root.classList.toggle("sent", Boolean(leaving));
    const several = this.refused > 1 ? `${this.refused} presses` : "1 press";
    this.say("refused", this.refused ? `${several} not counted: too early for the next clip` : "");
    this.say("pending", acts.length > 1 ? `${acts.length} on their way` : leaving ? "Saving …" : "");
    this.button("skip").ariaPressed = String(leaving?.kind === "skip");
    if (leaving) for (const button of this.part("labels").children) button.ariaPressed = String(button.value === leaving.value);
  }

  say(name, value) {
    if (this.part(name).textContent !== value) this.part(name).textContent = value; // or it would be read out again
  }

  // One act after the other: Streamlit keeps only the last one of those that are sent before it has time. What gets no
  // answer is sent again (the server does it once); what is pressed meanwhile is not meant for a page that stands still.
  next() {
    if (this.asked) return;
    while ((this.asked = this.queue.shift()) && this.isMarked(this.asked));
    if (this.asked) this.ask();
    this.drawSent();
  }

  ask() {
    this.send(this.asked);
    this.waiting = setTimeout(() => {
      this.late++;
      this.draw();
      this.ask();
    }, AGAIN);
  }

  answered() {
    clearTimeout(this.waiting);
    this.asked = null;
    if (this.late) {
      this.late = 0;
      this.draw();
    }
    this.next();
  }

  // The region already is of that class: the second half of a double click.
  isMarked({ kind, value }) {
    return kind === "mark" && Boolean(this.data.classes?.find(({ name, marked }) => marked && name === value));
  }

  draw() {
    const { data } = this;
    const text = (name, value) => this.say(name, value);
    text("place", [data.place, "Waiting for the server …", "No answer: reload the page"][Math.min(this.late, 2)]);
    this.part("share").style.width = `${100 * data.share}%`;
    this.part("clip").hidden = this.part("region").hidden = !data.showing;
    this.button("skip").hidden = !data.showing;
    for (const step of ["back", "on"]) this.button(step).ariaDisabled = String(!data.steps.includes(step));
    if (!data.showing) return;
    text("name", data.name);
    text("about", data.about);
    const current = document.createElement("b");
    current.textContent = data.current;
    this.part("current").replaceChildren(...(data.current ? [" · you: ", current] : []));
    this.buttons("labels", data.labels.map(([name, key]) => ({
      name: name[0].toUpperCase() + name.slice(1), key, value: name, pressed: name === data.current, act: ["label", name],
    })));
    text("hint", data.region ? "Mark the region as" : "Drag over the spectrogram to mark where the fault is");
    this.buttons("classes", data.classes.map(({ name, marked }, index) => ({
      name, key: index < 9 ? String(index + 1) : "", pressed: marked, act: ["mark", name],
    })));
  }

  // Buttons stay the same elements while their number does: whoever is on one stays there.
  buttons(part, wanted) {
    const row = this.part(part);
    while (row.children.length > wanted.length) row.lastChild.remove();
    wanted.forEach(({ name, key, value, pressed, act }, index) => {
      const button = row.children[index] ?? row.appendChild(document.createElement("button"));
      const hint = document.createElement("kbd");
      hint.textContent = key;
      button.type = "button";
      button.value = value ?? name;
      button.replaceChildren(name, ...(key ? [hint] : []));
      button.ariaPressed = String(pressed);
      button.onclick = () => this.act(...act);
    });
  }

  destroy() {
    clearTimeout(this.waiting);
    clearTimeout(this.forgetting);
    unanswered.push(...[this.asked, ...this.queue].filter(Boolean));
    window.removeEventListener("keydown", this.onKey);
  }
}

export default mounting(".asd-label", LabelPanel);
