// The handle of a line in a figure above it. While it is held its positions are sent, one after the other, never ahead of the answer.

import { mounting } from "../common/mount.js";
import { OneAtATime } from "../common/one_at_a_time.js";

const THUMB = 16; // pixels across: its middle goes from half of it inside one end to half of it inside the other

class ThresholdSlider {
  constructor(root) {
    this.root = root;
    this.input = root.querySelector("input");
    this.output = root.querySelector("output");
    this.questions = new OneAtATime((value) => this.ask(value), (value) => value === this.data.value);
    this.input.oninput = () => {
      this.show();
      this.questions.want(Number(this.input.value));
    };
  }

  receive({ data, setStateValue }) {
    const other = data.of !== this.data?.of;
    this.data = data;
    this.ask = (value) => setStateValue("moved", { of: data.of, value });
    if (other) this.questions.forget();
    Object.assign(this.input, { min: data.low, max: data.high, step: (data.high - data.low) / data.steps });
    const { asked, wanted } = this.questions;
    if (asked === null && wanted === null) {
      this.input.value = data.value;
      this.show(data.value);
    } else if (asked === data.value) this.questions.answered();
    const [left, right] = data.sides;
    Object.assign(this.root.style, { marginLeft: `${left - THUMB / 2}px`, marginRight: `${right - THUMB / 2}px` });
  }

  // The number above the thumb; the first one is not rounded to a step.
  show(value = Number(this.input.value)) {
    const { low, high } = this.data, share = (value - low) / (high - low);
    this.output.textContent = String(Number(value.toPrecision(4)));
    this.output.style.left = `calc(${THUMB / 2}px + ${share} * (100% - ${THUMB}px))`;
  }

  destroy() {
    this.questions.destroy();
  }
}

export default mounting(".asd-threshold", ThresholdSlider);
