// What lies over the pictures: selection, marked regions, crosshair, and the cursor. The cursor is an element of its own,
// because it moves with every frame: a canvas of this size would be drawn and put on the screen anew each time.

import { clipped, fill, prepareCanvas } from "./theme.js";
import { hzToRow } from "./units.js";

export class Marks {
  constructor(canvas, cursor, stage) {
    this.canvas = canvas;
    this.cursor = cursor;
    this.stage = stage;
    this.resize();
  }

  resize() {
    for (const name of ["wave", "map", "ruler"]) {
      const { top, height } = this.stage[name], { style } = this.cursor.querySelector(`.${name}`);
      style.top = `${top}px`;
      style.height = `${height}px`;
    }
  }

  // Where it plays; only what is seen of the clip has a cursor.
  point(view, position) {
    this.cursor.hidden = position < view.from || position > view.to;
    this.cursor.style.transform = `translateX(${this.stage.xOf(view, position)}px)`;
  }

  draw(s, pointer) {
    const { stage } = this, g = prepareCanvas(this.canvas, stage.width, stage.height), { theme } = s;
    g.font = `11px ${theme.font}`;
    clipped(g, stage.left, 0, stage.inner, stage.height, () => {
      for (const shown of s.regions) this.box(g, s, shown, shown.colour);
      if (s.region) this.selection(g, s);
      if (pointer) this.crosshair(g, theme, pointer);
    });
  }

  crosshair(g, theme, pointer) {
    const { stage } = this;
    const colour = theme.dark ? "rgba(255,255,255,0.45)" : "rgba(0,0,0,0.35)";
    fill(g, colour, pointer.x, stage.wave.top, 1, stage.ruler.top - stage.wave.top);
    if (pointer.part === "map") fill(g, "rgba(255,255,255,0.5)", stage.left, pointer.y, stage.inner, 1);
  }

  edges(s, region) {
    const { stage } = this, { nMels, nyquist } = s;
    return {
      left: stage.xOf(s.view, region.t0),
      right: stage.xOf(s.view, region.t1),
      top: region.f1 >= nyquist ? stage.map.top : stage.yOf(hzToRow(region.f1, nMels, nyquist), nMels),
      bottom: region.f0 <= 0 ? stage.map.top + stage.map.height : stage.yOf(hzToRow(region.f0, nMels, nyquist), nMels),
    };
  }

  selection(g, s) {
    const { stage } = this, { left, right, top, bottom } = this.edges(s, s.region), { wave, map } = stage;
    fill(g, s.theme.dark ? "rgba(255,255,255,0.13)" : "rgba(11,110,153,0.16)", left, wave.top, right - left, wave.height);
    // Outside is dimmed, so that the colours inside keep their meaning.
    fill(g, "rgba(0,0,0,0.42)", stage.left, map.top, left - stage.left, map.height);
    g.fillRect(right, map.top, stage.left + stage.inner - right, map.height);
    g.fillRect(left, map.top, right - left, top - map.top);
    g.fillRect(left, bottom, right - left, map.top + map.height - bottom);
    g.strokeStyle = "#ffffff";
    g.lineWidth = 1.25;
    g.strokeRect(left, top, right - left, bottom - top);
    fill(g, s.theme.primary, left - 0.75, wave.top, 1.5, wave.height);
    g.fillRect(right - 0.75, wave.top, 1.5, wave.height);
    g.fillRect(left, stage.ruler.top, right - left, 3);
  }

  box(g, s, shown, colour) {
    const { left, right, top, bottom } = this.edges(s, shown), { stage } = this;
    if (right < stage.left || left > stage.left + stage.inner) return;
    g.strokeStyle = "rgba(0,0,0,0.6)";
    g.lineWidth = 3;
    g.strokeRect(left, top + 1, right - left, bottom - top - 2);
    g.strokeStyle = colour;
    g.lineWidth = 1.5;
    g.strokeRect(left, top + 1, right - left, bottom - top - 2);
    g.globalAlpha = 0.2;
    fill(g, colour, left, stage.wave.top, right - left, stage.wave.height);
    g.globalAlpha = 1;
    if (!shown.label) return;
    const width = g.measureText(shown.label).width + 8, x = Math.max(left, stage.left);
    fill(g, "rgba(0,0,0,0.72)", x, top + 1, width, 16);
    g.fillStyle = "#ffffff";
    g.textAlign = "left";
    g.textBaseline = "middle";
    g.fillText(shown.label, x + 4, top + 9.5);
  }
}
