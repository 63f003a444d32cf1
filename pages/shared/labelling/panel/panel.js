// The panel beside the player: where one is in the queue, and everything that a key or a button says of the clip.

const DOUBLE_CLICK = 300; // ms after a clip's arrival in which a press is the second half of one on the clip before
const GIVE_UP = 3000; // ms after which an answer is no longer waited for
const LEAVING = ["label", "skip"]; // acts that say something of the clip and leave it
const KEYS = { S: "skip", Z: "undo", ArrowLeft: "back", ArrowRight: "on" };
const TYPED_IN = "textarea, select, [contenteditable=true], input:not([type=range], [type=checkbox], [type=radio], [type=button])";
const MOVED_BY_ARROWS = "input, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [role=menu]";

class LabelPanel {
  constructor(root) {
    this.root = root;
    this.queue = []; // acts that wait for the answer to the one before
    this.turn = 0;
    this.asked = null;
    this.onKey = (event) => this.press(event);
    window.addEventListener("keydown", this.onKey);
    for (const button of root.querySelectorAll("[data-act]")) button.onclick = () => this.act(button.dataset.act);
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
    if (before?.uid !== data.uid) {
      this.since = performance.now();
      this.part("note").value = data.note;
    }
    // Another queue: whoever typed a name or chose an order is done with it, and letters are keys.
    if (before?.queue !== data.queue && document.activeElement?.matches(TYPED_IN)) document.activeElement.blur();
    this.draw();
    if (this.asked && data.turn >= this.asked.turn) this.answered();
  }

  // A key anywhere on the page but where something is typed. One that is held down is one press: a page of labels must
  // not be written by a book on the keyboard.
  press(event) {
    const [target] = event.composedPath();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (target.matches?.(TYPED_IN) || (event.key.startsWith("Arrow") && target.closest?.(MOVED_BY_ARROWS))) return;
    const act = this.actOf(event.key.length === 1 ? event.key.toUpperCase() : event.key);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) this.act(...act);
  }

  actOf(key) {
    if (KEYS[key]) return [KEYS[key]];
    const label = this.data.labels?.find(([, own]) => own === key), region = this.data.classes?.[key - 1];
    if (label) return ["label", label[0]];
    return region && !region.marked ? ["mark", region.name] : null;
  }

  act(kind, value = null) {
    const { uid } = this.data, leaving = LEAVING.includes(kind);
    if (!uid && (leaving || kind === "mark")) return;
    if (this.button(kind)?.disabled) return;
    if (leaving && performance.now() - this.since < DOUBLE_CLICK) return;
    this.queue.push({ kind, value, uid, note: this.part("note").value });
    this.next();
  }

  // One act after the other: Streamlit keeps only the last one of those that it is told before it has time.
  next() {
    if (this.asked || !this.queue.length) return;
    this.asked = this.queue.shift();
    this.asked.turn = this.turn = Math.max(this.turn, this.data.turn) + 1;
    this.send(this.asked);
    this.waiting = setTimeout(() => this.answered(), GIVE_UP);
  }

  answered() {
    clearTimeout(this.waiting);
    this.asked = null;
    this.next();
  }

  draw() {
    const { data } = this, text = (name, value) => (this.part(name).textContent = value);
    text("place", data.place);
    this.part("share").style.width = `${100 * data.share}%`;
    this.part("clip").hidden = this.part("region").hidden = !data.uid;
    this.button("skip").hidden = !data.uid;
    for (const step of ["back", "on"]) this.button(step).disabled = !data.steps.includes(step);
    if (!data.uid) return;
    text("name", data.name);
    text("about", data.about);
    const own = document.createElement("b");
    own.textContent = data.own;
    this.part("own").replaceChildren(...(data.own ? [" · you: ", own] : []));
    this.buttons("labels", data.labels.map(([name, key]) => ({
      name: name[0].toUpperCase() + name.slice(1), key, pressed: name === data.own, act: ["label", name],
    })));
    text("hint", data.classes ? "Mark the region as" : "Drag over the spectrogram to mark where it is");
    this.buttons("classes", (data.classes ?? []).map(({ name, marked }, index) => ({
      name, key: index < 9 ? String(index + 1) : "", disabled: marked, act: ["mark", name],
    })));
  }

  // Buttons stay the same elements while their number does: whoever is on one stays there.
  buttons(part, wanted) {
    const row = this.part(part);
    while (row.children.length > wanted.length) row.lastChild.remove();
    wanted.forEach(({ name, key, pressed, disabled, act }, index) => {
      const button = row.children[index] ?? row.appendChild(document.createElement("button"));
      const hint = document.createElement("kbd");
      hint.textContent = key;
      button.type = "button";
      button.replaceChildren(name, ...(key ? [hint] : []));
      button.disabled = Boolean(disabled);
      if (pressed !== undefined) button.ariaPressed = String(pressed);
      button.onclick = () => this.act(...act);
    });
  }

  destroy() {
    clearTimeout(this.waiting);
    window.removeEventListener("keydown", this.onKey);
  }
}

export default mounting(".asd-label", LabelPanel);
