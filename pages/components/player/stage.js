// Waveform above log-mel on one time axis: where everything lies, and how it is drawn.

import { cssOf, SCALES } from "../common/colours.js";
import { mixOf } from "./dsp.js";
import { clipped, fill, prepareCanvas } from "./theme.js";
import { clamp, clock, hertzTick, hzToRow, niceStep, signed, ticks, toDb } from "./units.js";

const LARGE = 20 / 11; // letters of 20 pixels
const TOP = 8, BETWEEN = 10, RULER = 36; // pixels

// Of waveform and log-mel in a place that high: its page says how much there is.
export function largeHeights(place) {
  const both = Math.max(120, place - TOP - BETWEEN - RULER * LARGE);
  return [Math.round(0.2 * both), Math.round(0.8 * both)];
}

export class Stage {
  // size: "compact", "large" (for a projector: large letters, pictures as high as their place), or neither.
  constructor(canvas, size) {
    this.canvas = canvas;
    this.unit = size === "large" ? LARGE : 1;
    this.off = document.createElement("canvas"); // a pixel a column and band
    this.heat = document.createElement("canvas");
    this.size = size;
    this.resize(canvas.clientWidth || 800, 0);
  }

  resize(width, height) {
    this.width = width;
    this.left = 54 * this.unit;
    this.right = 58 * this.unit;
    this.inner = Math.max(50, width - this.left - this.right);
    const [wave, map] = { large: largeHeights(height), compact: [60, 160] }[this.size] ?? [48, 192];
    this.wave = { top: TOP, height: wave };
    this.map = { top: this.wave.top + wave + BETWEEN, height: map };
    this.ruler = { top: this.map.top + map, height: RULER * this.unit };
    this.height = this.ruler.top + this.ruler.height;
  }

  xOf(view, t) {
    return this.left + ((t - view.from) / (view.to - view.from)) * this.inner;
  }

  timeOf(view, x) {
    return view.from + ((x - this.left) / this.inner) * (view.to - view.from);
  }

  rowOf(y, nMels) {
    return clamp((1 - (y - this.map.top) / this.map.height) * nMels, 0, nMels);
  }

  yOf(row, nMels) {
    return this.map.top + (1 - clamp(row, 0, nMels) / nMels) * this.map.height;
  }

  partAt(y) {
    for (const name of ["wave", "map", "ruler"]) if (y < this[name].top + this[name].height + 5) return name;
    return "ruler";
  }

  // s: everything that is shown (see Player.scene).
  draw(s) {
    const g = prepareCanvas(this.canvas, this.width, this.height);
    g.font = `${11 * this.unit}px ${s.theme.font}`;
    g.textBaseline = "middle";
    this.drawWave(g, s);
    this.drawMap(g, s);
    this.drawRuler(g, s);
    this.drawColourBar(g, s);
    if (!s.sound) {
      g.fillStyle = s.theme.faint;
      g.textAlign = "center";
      g.fillText(s.message, this.left + this.inner / 2, this.map.top + this.map.height / 2);
    }
  }

  frame(g, part, theme) {
    g.strokeStyle = theme.border;
    g.lineWidth = 1;
    g.strokeRect(this.left - 0.5, part.top - 0.5, this.inner + 1, part.height + 1);
  }

  drawWave(g, s) {
    const { top, height } = this.wave, { theme } = s, middle = top + height / 2;
    const full = s.peak * 1.08, y = (value) => middle - (value / full) * (height / 2);
    g.textAlign = "right";
    for (const amplitude of height < 44 * this.unit ? [s.peak] : [s.peak, s.peak / 2]) {
      for (const value of [amplitude, -amplitude]) {
        fill(g, theme.grid, this.left, Math.round(y(value)), this.inner, 1);
        g.fillStyle = theme.faint;
        if (value > 0 || height > 80 * this.unit) g.fillText(signed(toDb(amplitude), 0), this.left - 7, y(value));
      }
    }
    this.axisName(g, "dB", top + height / 2, theme);
    if (s.sound) {
      clipped(g, this.left, top, this.inner, height, () => {
        const recorded = mixOf("recorded", 0), { mix, envelopes } = s;
        this.drawLine(g, s, envelopes.recorded, recorded, y, theme.recorded, mix.raw ? 1 : 0.4);
        if (!mix.raw) this.drawLine(g, s, envelopes.mixed, mix, y, theme.denoised, 1);
      });
    }
    fill(g, theme.grid, this.left, Math.round(middle), this.inner, 1);
    this.frame(g, this.wave, theme);
  }

  drawLine(g, s, envelope, mix, y, colour, alpha) {
    const { rate } = s.sound, step = ((s.view.to - s.view.from) * rate) / this.inner, from = s.view.from * rate;
    g.globalAlpha = alpha;
    g.fillStyle = g.strokeStyle = colour;
    if (step < 1.5) {
      g.beginPath();
      for (let i = Math.max(0, Math.floor(from) - 1); i <= Math.min(s.sound.length - 1, from + this.inner * step + 1); i++) {
        g.lineTo(this.xOf(s.view, i / rate), y(envelope.scan(mix, i, i + 1)[0]));
      }
      g.stroke();
    } else {
      for (let x = 0; x < this.inner; x++) {
        const [low, high] = envelope.extremes(mix, from + x * step, from + (x + 1) * step);
        const upper = y(high);
        g.fillRect(this.left + x, upper - 0.5, 1, Math.max(1, y(low) - upper + 1));
      }
    }
    g.globalAlpha = 1;
  }

  drawMap(g, s) {
    const { top, height } = this.map, { theme, nMels } = s;
    fill(g, theme.panel, this.left, top, this.inner, height);
    clipped(g, this.left, top, this.inner, height, () => {
      if (s.sound) this.paint(g, s);
      if (s.sound && s.heat) this.paintHeat(g, s);
    });
    g.textAlign = "right";
    let free = Infinity; // above this height no name is written yet
    for (const hz of [125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000]) {
      if (hz > s.nyquist * 1.001) break;
      const y = clamp(this.yOf(hzToRow(hz, nMels, s.nyquist), nMels), top + 4 * this.unit, top + height - 4 * this.unit);
      fill(g, theme.faint, this.left - 4, Math.round(y), 4, 1);
      if (y > free) continue;
      g.fillText(hertzTick(hz), this.left - 7, y);
      free = y - 11 * this.unit;
    }
    this.axisName(g, "Hz", top + height / 2, theme);
    this.frame(g, this.map, theme);
  }

  axisName(g, name, y, theme) {
    g.save();
    g.translate(9 * this.unit, y);
    g.rotate(-Math.PI / 2);
    g.textAlign = "center";
    g.fillStyle = theme.faint;
    g.fillText(name, 0, 0);
    g.restore();
  }

  paint(g, s) {
    const { picture, nMels } = s, h = s.hop, { rate } = s.sound;
    const [first, last] = picture.columnsIn(s.view, h);
    const n = last - first + 1;
    if (n < 1) return;
    this.off.width = n;
    this.off.height = nMels;
    const context = this.off.getContext("2d"), image = context.createImageData(n, nMels);
    const pixels = new Uint32Array(image.data.buffer), [low, high] = s.range, scale = 255 / (high - low);
    for (let c = first; c <= last; c++) {
      const [values, offset] = picture.column(c, h) ?? [];
      if (!values) continue;
      for (let m = 0; m < nMels; m++) {
        const level = values[offset + m] - (s.normal ? s.normal[m] : 0);
        const index = Math.round((level - low) * scale);
        pixels[(nMels - 1 - m) * n + c - first] = s.scale[index < 0 ? 0 : index > 255 ? 255 : index];
      }
    }
    context.putImageData(image, 0, 0);
    const x = this.xOf(s.view, picture.columnStart(first, h) / rate), end = this.xOf(s.view, picture.columnStart(last + 1, h) / rate);
    g.imageSmoothingEnabled = true;
    g.imageSmoothingQuality = "high";
    g.drawImage(this.off, x, this.map.top, end - x, this.map.height);
  }

  // s.heat: {columns, rows, hop, values}: 0 to 255 row after row, in columns of `hop` samples.
  paintHeat(g, s) {
    const { heat } = s;
    if (this.heatOf !== heat) {
      this.heatOf = heat;
      this.heat.width = heat.columns;
      this.heat.height = heat.rows;
      const context = this.heat.getContext("2d"), image = context.createImageData(heat.columns, heat.rows);
      const pixels = new Uint32Array(image.data.buffer);
      for (let r = 0; r < heat.rows; r++) {
        for (let c = 0; c < heat.columns; c++) {
          pixels[(heat.rows - 1 - r) * heat.columns + c] = SCALES.heat[heat.values[r * heat.columns + c]];
        }
      }
      context.putImageData(image, 0, 0);
    }
    const half = Math.min(heat.hop, s.picture.analyser.hop) / 2, { rate } = s.sound;
    const x = this.xOf(s.view, -half / rate), end = this.xOf(s.view, (heat.columns * heat.hop - half) / rate);
    g.globalAlpha = s.opacity;
    g.drawImage(this.heat, x, this.map.top, end - x, this.map.height);
    g.globalAlpha = 1;
  }

  drawRuler(g, s) {
    const { top } = this.ruler, { theme, view } = s, span = view.to - view.from;
    const long = view.to >= 60, step = niceStep(span, this.inner / ((long ? 70 : 60) * this.unit), long);
    const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    g.textAlign = "center";
    for (const t of ticks(view.from, view.to, step)) {
      const x = this.xOf(view, t);
      fill(g, theme.faint, Math.round(x), top, 1, 5);
      g.fillText(long ? clock(t, digits) : t.toFixed(digits), clamp(x, this.left, this.left + this.inner), top + 13 * this.unit);
    }
    g.textAlign = "left";
    g.fillText(long ? "min:s" : "s", this.left + this.inner + 12, top + 13 * this.unit);
    const thumb = [this.left + (view.from / s.duration) * this.inner, this.left + (view.to / s.duration) * this.inner];
    const bar = top + 25 * this.unit;
    fill(g, theme.grid, this.left, bar, this.inner, 5);
    g.fillStyle = theme.primary;
    g.globalAlpha = span < s.duration * 0.9999 ? 0.85 : 0.25;
    g.fillRect(thumb[0], bar, Math.max(6, thumb[1] - thumb[0]), 5);
    g.globalAlpha = 1;
  }

  drawColourBar(g, s) {
    const x = this.left + this.inner + 12, { top, height } = this.map, [low, high] = s.range;
    const { unit } = this, from = top + 16 * unit, length = height - 16 * unit;
    for (let i = 0; i < length; i++) {
      fill(g, cssOf(s.scale[Math.round(255 * (1 - i / (length - 1)))]), x, from + i, 9 * unit, 1.2);
    }
    g.fillStyle = s.theme.faint;
    g.textAlign = "left";
    g.fillText(s.normal ? "Δ dB" : "dB", x, top + 5 * unit);
    for (const level of ticks(low, high, niceStep(high - low, height / (34 * unit)))) {
      const y = from + (1 - (level - low) / (high - low)) * (length - 1);
      g.fillText(signed(level, 0), x + 13 * unit, clamp(y, from + 5 * unit, top + height - 5 * unit));
    }
  }
}
