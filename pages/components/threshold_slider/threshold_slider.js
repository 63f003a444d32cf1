// The handle of a line in a figure above it. While it is held its positions are sent, one after the other, never ahead of the answer.

import { mounting } from "../common/mount.js";

const GIVE_UP = 3000; // ms after which an answer is no longer waited for
const THUMB = 16; // pixels across: its middle goes from half of it inside one end to half of it inside the other

class ThresholdSlider {
  constructor(root) {
    this.root = root;
    this.input = root.querySelector("input");
    this.output = root.querySelector("output");
    this.wanted = this.asked = null;
    this.input.oninput = () => {
      this.wanted = Number(this.input.value);
      this.show();
      this.next();
    };
  }

  receive({ data, setStateValue }) {
    const other = data.of !== this.data?.of;
    this.data = data;
    this.ask = (value) => setStateValue("moved", { of: data.of, value });
    if (other) this.wanted = this.asked = null;
    Object.assign(this.input, { min: data.low, max: data.high, step: (data.high - data.low) / data.steps });
    if (this.asked === null && this.wanted === null) {
      this.input.value = data.value;
      this.show(data.value);
    } else if (this.asked === data.value) this.answered();
    const [left, right] = data.sides;
    Object.assign(this.root.style, { marginLeft: `${left - THUMB / 2}px`, marginRight: `${right - THUMB / 2}px` });
  }

  // The number above the thumb; the first one is not rounded to a step.
  show(value = Number(this.input.value)) {
    const { low, high } = this.data, share = (value - low) / (high - low);
    this.output.textContent = String(Number(value.toPrecision(4)));
    this.output.style.left = `calc(${THUMB / 2}px + ${share} * (100% - ${THUMB}px))`;
  }

  next() {
    if (this.asked !== null || this.wanted === null) return;
    const { wanted } = this;
    this.wanted = null;
    if (wanted === this.data.value) return; // to what changes nothing there would be no answer
    this.asked = wanted;
    this.ask(wanted);
    this.waiting = setTimeout(() => this.answered(), GIVE_UP);
  }

  answered() {
    clearTimeout(this.waiting);
    this.asked = null;
    this.next();
  }

  destroy() {
    clearTimeout(this.waiting);
  }
}

export default mounting(".asd-threshold", ThresholdSlider);
