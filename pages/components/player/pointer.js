// Mouse, pen and finger on the pictures: seek, select, zoom, pan, read.

import { clamp, rowToHz } from "./units.js";

const DRAG_PIXELS = 4;

export class Pointer {
  constructor(player, canvas) {
    this.player = player;
    this.canvas = canvas;
    this.down = new Map(); // pointers on the canvas: id -> {x, y}
    this.gesture = null;
    canvas.onpointerdown = (event) => this.press(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = (event) => this.release(event);
    canvas.onpointercancel = () => this.cancel();
    canvas.onpointerleave = () => player.hover(null);
    canvas.ondblclick = () => player.fit();
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    return { x, y, part: this.player.stage.partAt(y) };
  }

  press(event) {
    if (event.button !== 0) return;
    const place = this.at(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, place);
    const { view } = this.player;
    if (this.down.size === 2) {
      const [a, b] = [...this.down.values()];
      this.gesture = { kind: "pinch", distance: Math.abs(a.x - b.x) + 1, view: { ...view } };
    } else {
      this.gesture = { kind: place.part === "ruler" || event.shiftKey ? "pan" : "press", start: place, view: { ...view } };
    }
  }

  move(event) {
    const place = this.at(event), { player, gesture } = this;
    if (this.down.has(event.pointerId)) this.down.set(event.pointerId, place);
    player.hover(place);
    if (!gesture) return;
    if (gesture.kind === "pinch" && this.down.size === 2) {
      const [a, b] = [...this.down.values()], { stage } = player;
      const factor = gesture.distance / (Math.abs(a.x - b.x) + 1), middle = stage.timeOf(gesture.view, (a.x + b.x) / 2);
      player.look(middle - (middle - gesture.view.from) * factor, middle + (gesture.view.to - middle) * factor);
    } else if (gesture.kind === "pan") {
      const { stage } = player, shift = ((gesture.start.x - place.x) / stage.inner) * (gesture.view.to - gesture.view.from);
      if (Math.abs(place.x - gesture.start.x) >= DRAG_PIXELS) gesture.moved = true;
      player.look(gesture.view.from + shift, gesture.view.to + shift);
    } else {
      const { start } = gesture;
      if (Math.hypot(place.x - start.x, place.y - start.y) >= DRAG_PIXELS) gesture.kind = "select";
      if (gesture.kind === "select") player.select(this.region(start, place), false);
    }
  }

  // On the map a rectangle in time and frequency, on the waveform a stretch of time.
  region(a, b) {
    const { stage, view, duration, nyquist, nMels } = this.player;
    const times = [a.x, b.x].map((x) => clamp(stage.timeOf(view, clamp(x, stage.left, stage.left + stage.inner)), 0, duration));
    const region = { t0: Math.min(...times), t1: Math.max(...times), f0: 0, f1: nyquist };
    if (a.part !== "map") return region;
    const rows = [a.y, b.y].map((y) => stage.rowOf(y, nMels)), low = Math.min(...rows), high = Math.max(...rows);
    if (low > 0.5) region.f0 = rowToHz(low, nMels, nyquist);
    if (high < nMels - 0.5) region.f1 = rowToHz(high, nMels, nyquist);
    return region;
  }

  release(event) {
    this.down.delete(event.pointerId);
    const { gesture, player } = this;
    if (this.down.size) return;
    this.gesture = null;
    if (gesture?.kind === "select") {
      player.select(this.region(gesture.start, this.at(event)), true);
    } else if (gesture?.kind === "press" || (gesture?.kind === "pan" && !gesture.moved)) {
      const { stage } = player;
      player.seek(stage.timeOf(player.view, clamp(this.at(event).x, stage.left, stage.left + stage.inner)));
    }
  }

  cancel() {
    this.down.clear();
    this.gesture = null;
  }

  wheel(event) {
    const { player } = this, { view, stage } = player, span = view.to - view.from;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const pixels = event.deltaMode === 1 ? event.deltaY * 30 : event.deltaY;
      player.zoom(Math.exp(clamp(pixels, -240, 240) / 300), stage.timeOf(view, this.at(event).x));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      const shift = ((event.deltaX || event.deltaY) / stage.inner) * span;
      player.look(view.from + shift, view.to + shift);
    }
  }
}
