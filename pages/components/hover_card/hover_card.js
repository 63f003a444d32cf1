// A card with the picture and facts of the clip under the pointer, beside a Plotly chart; clicks; a ring around the clip
// that was clicked.

import { SCALES } from "../common/colours.js";
import { mounting } from "../common/mount.js";

const SCALE = 5; // of a picture on the card
const EVERY = 300; // ms between two looks for a new chart: Streamlit may replace it
const FAR = 16; // pixels from the pointer to the card
const EDGE = 4; // pixels between the card and the window's edge
const STILL = 5; // pixels that the pointer may move in a click
const RING = 20; // pixels across
const CARD = {
  position: "fixed", zIndex: 999999, pointerEvents: "none", display: "none", padding: "8px",
  borderRadius: "8px", boxShadow: "0 3px 14px rgba(0,0,0,.35)", background: "#10161c", color: "#e6edf3",
  font: "12px/1.35 sans-serif", maxWidth: "240px",
};
const CIRCLE = {
  position: "absolute", pointerEvents: "none", display: "none", width: `${RING}px`, height: `${RING}px`,
  boxSizing: "border-box", borderRadius: "50%", border: "2px solid #111", boxShadow: "0 0 0 2px #F0E442",
};

// Left and top of a card of some size near the pointer, inside the window.
export function placeOf([x, y], { width, height }, window) {
  const left = x + FAR + width > window.innerWidth ? x - FAR - width : x + FAR;
  const top = y + FAR + height > window.innerHeight ? y - FAR - height : y + FAR;
  return [Math.max(EDGE, left), Math.max(EDGE, top)];
}

// The sheet is grey: half the file. Here its RGBA bytes get the colours of the spectrograms.
export function colour(bytes) {
  const pixels = new Uint32Array(bytes.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = SCALES.level[pixels[i] & 255];
}

function element(tag, className, style, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  Object.assign(made.style, style);
  made.append(...children);
  return made;
}

class HoverCard {
  constructor() {
    this.canvas = element("canvas", "", { display: "block" });
    this.name = element("div", "", { fontWeight: "600", overflowWrap: "anywhere" });
    this.facts = element("div", "", {});
    this.value = element("div", "", {});
    const rule = element("style", "", {}, "[data-card=on] .hovertext { display: none }"); // or it would lie under the card
    this.card = element("div", "asd-hover-card", CARD, rule, this.canvas, this.name, this.facts, this.value);
    this.ring = element("div", "asd-hover-ring", CIRCLE);
    for (const part of [this.card, this.ring]) part.ariaHidden = "true";
    document.body.append(this.card);
    this.names = this.sheet = this.shown = this.pressed = null;
    this.fetched = "";
    this.pointer = [0, 0];
    this.charts = new WeakSet(); // those that are listened to
    this.elements = new WeakSet(); // the same: an element may outlive its chart
    this.ended = new AbortController();
    window.addEventListener("pointerup", (event) => this.release(event), { capture: true, signal: this.ended.signal });
    this.timer = setInterval(() => this.look(), EVERY);
  }

  receive({ data, setTriggerValue }) {
    this.data = data;
    this.report = (number) => setTriggerValue("clicked", number);
    if (data.names + data.sheet !== this.fetched) this.names = this.sheet = null;
    this.look();
    this.encircle();
  }

  chart() {
    return document.querySelector(`.${this.data.chart} .js-plotly-plot`);
  }

  look() {
    const chart = this.chart();
    if (!chart || !chart.on || !chart._ev || this.charts.has(chart._ev)) return;
    this.charts.add(chart._ev);
    chart.on("plotly_hover", (event) => this.show(chart, event.points[0], event.event));
    chart.on("plotly_unhover", () => this.hide());
    for (const name of ["plotly_afterplot", "plotly_relayout", "plotly_relayouting"]) chart.on(name, () => this.encircle());
    if (!this.elements.has(chart)) {
      this.elements.add(chart);
      const { signal } = this.ended;
      const move = (event) => {
        this.pointer = [event.clientX, event.clientY];
        this.place();
      };
      chart.addEventListener("mousemove", move, { signal });
      chart.addEventListener("mouseleave", () => this.hide(), { signal });
      chart.addEventListener("pointerdown", (event) => this.press(event), { capture: true, signal });
    }
    chart.dataset.hover = "ready";
    this.encircle();
  }

  // Plotly's own click is not reported everywhere: in space it needs a picture to be drawn while the button is down.
  press(event) {
    const { shown, pointer: [x, y] } = this;
    const close = shown && Math.hypot(event.clientX - x, event.clientY - y) < STILL;
    this.pressed = close && event.button === 0 ? { number: shown.number, x: event.clientX, y: event.clientY } : null;
  }

  release(event) {
    const { pressed } = this;
    if (pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < STILL) this.report(pressed.number);
    this.pressed = null;
  }

  // Around the clip that was clicked, while it is inside the frame; a chart in space has no place for it.
  encircle() {
    const chart = this.chart(), layout = chart?._fullLayout, { style } = this.ring;
    const axes = layout && [layout.xaxis, layout.yaxis], number = this.data.ringed;
    style.display = "none";
    if (number === null || number === undefined || !axes?.[0]?.l2p) return;
    for (const trace of chart._fullData) {
      const k = trace.visible === true && trace.customdata ? trace.customdata.indexOf(number) : -1;
      if (k < 0) continue;
      const place = [axes[0].l2p(trace.x[k]), axes[1].l2p(trace.y[k])];
      if (place.some((value, i) => !(value >= 0 && value <= axes[i]._length))) return;
      if (this.ring.parentElement !== chart) chart.append(this.ring);
      style.left = `${axes[0]._offset + place[0] - RING / 2}px`;
      style.top = `${axes[1]._offset + place[1] - RING / 2}px`;
      style.display = "block";
      return;
    }
  }

  show(chart, point, event) {
    if (!point || point.customdata === undefined) {
      this.hide();
      return;
    }
    if (event && event.clientX !== undefined) this.pointer = [event.clientX, event.clientY];
    this.shown = { number: Number(point.customdata), value: point["marker.color"], text: point.text, trace: point.data, chart };
    this.fetchOnce();
    this.draw();
  }

  // Names and pictures are fetched when the pointer first rests on a point.
  fetchOnce() {
    const { names, sheet } = this.data, wanted = names + sheet;
    if (this.fetched === wanted) return;
    this.fetched = wanted;
    const store = (part, value) => {
      if (this.fetched !== wanted) return; // another map is shown by now
      this[part] = value;
      this.draw();
    };
    if (sheet) {
      const image = new Image();
      image.src = sheet;
      image.decode().then(() => store("sheet", image), () => {}); // without pictures the card has its text
    }
    if (names) fetch(names).then((answer) => answer.json()).then((list) => store("names", list), () => {}); // or the chart's own label
  }

  hide() {
    this.shown = null;
    this.card.style.display = "none";
  }

  draw() {
    const { shown, sheet } = this, clip = shown && this.names?.[shown.number];
    if (!clip) return;
    shown.chart.dataset.card = "on";
    [this.name.textContent, this.facts.textContent] = clip;
    const { value } = shown, number = shown.text ?? (typeof value === "number" ? value.toPrecision(3) : "");
    this.value.textContent = number ? `${shown.trace.name}: ${number}` : "";
    this.canvas.style.display = sheet ? "block" : "none";
    if (sheet) this.picture(shown.number);
    this.card.style.display = "block";
    this.card.dataset.clip = clip[0];
    this.place();
  }

  picture(number) {
    const { canvas, data: { width, height, across } } = this;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const left = (number % across) * width, top = Math.floor(number / across) * height;
    context.drawImage(this.sheet, left, top, width, height, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height);
    colour(pixels.data);
    context.putImageData(pixels, 0, 0);
    Object.assign(canvas.style, {
      width: `${width * SCALE}px`, height: `${height * SCALE}px`, borderRadius: "4px", marginBottom: "6px",
    });
  }

  place() {
    if (!this.shown) return;
    const [left, top] = placeOf(this.pointer, this.card.getBoundingClientRect(), window);
    this.card.style.left = `${left}px`;
    this.card.style.top = `${top}px`;
  }

  destroy() {
    clearInterval(this.timer);
    this.ended.abort(); // another card may be made for the same chart
    this.card.remove();
    this.ring.remove();
  }
}

export default mounting("span", HoverCard);
