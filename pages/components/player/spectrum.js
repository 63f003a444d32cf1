// Long-term spectrum against the band of normal clips.

import { mixOf } from "./dsp.js";
import { clipped, fill, prepareCanvas } from "./theme.js";
import { clamp, hertz, hertzTick, niceStep, signed, ticks } from "./units.js";

export class SpectrumPanel {
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    this.height = 216;
    this.top = 8;
    this.bottom = 34;
    this.hover = null; // Hz
  }

  span(s) {
    return s.logarithmic ? [Math.max(20, s.nyquist / 400), s.nyquist] : [0, s.nyquist];
  }

  xOf(hz, s) {
    const [low, high] = this.span(s), { left, inner } = this.stage;
    const share = s.logarithmic ? Math.log(Math.max(hz, low) / low) / Math.log(high / low) : hz / high;
    return left + share * inner;
  }

  frequencyOf(x, s) {
    const [low, high] = this.span(s), share = clamp((x - this.stage.left) / this.stage.inner, 0, 1);
    return s.logarithmic ? low * (high / low) ** share : high * share;
  }

  curves(s) {
    const bins = s.analyser.nFft / 2, frequencies = Float32Array.from({ length: bins + 1 }, (_, k) => (k * s.nyquist) / bins);
    const curves = [{ name: "recorded", frequencies, levels: s.welch?.levels(mixOf("recorded", 0)), colour: s.theme.recorded }];
    if (s.sound?.one && s.strength > 0) {
      curves.push({ name: "denoised", frequencies, levels: s.welch?.levels(mixOf("denoised", s.strength)), colour: s.theme.denoised });
    }
    return curves.filter((curve) => curve.levels);
  }

  draw(s) {
    const { stage, canvas } = this, g = prepareCanvas(canvas, stage.width, this.height), { theme } = s;
    const height = this.height - this.top - this.bottom, part = { top: this.top, height };
    g.font = `11px ${theme.font}`;
    g.textBaseline = "middle";
    this.shown = this.curves(s);
    const [low, high] = this.levels(s), y = (level) => this.top + ((high - level) / (high - low)) * height;
    fill(g, theme.panel, stage.left, this.top, stage.inner, height);
    g.textAlign = "right";
    for (const level of ticks(low, high, niceStep(high - low, height / 30))) {
      fill(g, theme.grid, stage.left, Math.round(y(level)), stage.inner, 1);
      g.fillStyle = theme.faint;
      g.fillText(signed(level, 0), stage.left - 7, clamp(y(level), this.top + 4, this.top + height - 4));
    }
    stage.axisName(g, "dB re full-scale sine", this.top + height / 2, theme);
    this.frequencyAxis(g, s, height);
    clipped(g, stage.left, this.top, stage.inner, height, () => {
      for (const shown of s.regions) this.named(g, s, shown, height);
      if (s.reference) this.band(g, s, y);
      for (const curve of this.shown) this.line(g, s, curve, y, curve.colour, curve.name === s.version ? 1.6 : 1);
      if (this.hover !== null) fill(g, theme.faint, this.xOf(this.hover, s), this.top, 1, height);
    });
    stage.frame(g, part, theme);
  }

  // The range of levels: all curves but their deepest holes, in steps of 10 dB.
  levels(s) {
    let low = Infinity, high = -Infinity;
    const every = this.shown.map((curve) => curve.levels);
    if (s.reference) every.push(s.reference.low, s.reference.high);
    for (const levels of every) {
      const sorted = levels.toSorted();
      low = Math.min(low, sorted[Math.floor(0.01 * sorted.length)]);
      high = Math.max(high, sorted[sorted.length - 1]);
    }
    if (!Number.isFinite(low)) return [-100, 0];
    high = Math.ceil((high + 2) / 10) * 10;
    return [Math.max(Math.floor(low / 10) * 10, high - 110), high];
  }

  frequencyAxis(g, s, height) {
    const { stage } = this, { theme } = s, bottom = this.top + height;
    const values = s.logarithmic
      ? [31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000].filter((hz) => hz >= this.span(s)[0] && hz <= s.nyquist)
      : ticks(0, s.nyquist, niceStep(s.nyquist, stage.inner / 64));
    g.textAlign = "center";
    for (const hz of values) {
      const x = this.xOf(hz, s);
      fill(g, theme.grid, Math.round(x), this.top, 1, height);
      g.fillStyle = theme.faint;
      g.fillText(hertzTick(hz), x, bottom + 12);
    }
    g.textAlign = "left";
    g.fillText("Hz", stage.left + stage.inner + 14, bottom + 12);
  }

  // The frequencies of a place that is marked over the log-mel.
  named(g, s, { f0, f1, colour }, height) {
    const from = this.xOf(f0, s), to = this.xOf(Math.min(f1, s.nyquist), s);
    g.globalAlpha = 0.16;
    fill(g, colour, from, this.top, to - from, height);
    g.globalAlpha = 1;
  }

  band(g, s, y) {
    const { frequencies, low, median, high } = s.reference;
    g.fillStyle = s.theme.dark ? "rgba(160,174,186,0.27)" : "rgba(80,96,110,0.22)";
    g.beginPath();
    frequencies.forEach((hz, k) => g.lineTo(this.xOf(hz, s), y(high[k])));
    for (let k = frequencies.length - 1; k >= 0; k--) g.lineTo(this.xOf(frequencies[k], s), y(low[k]));
    g.fill();
    g.setLineDash([4, 3]);
    this.line(g, s, { frequencies, levels: median }, y, s.theme.faint, 1);
    g.setLineDash([]);
  }

  line(g, s, { frequencies, levels }, y, colour, width) {
    g.strokeStyle = colour;
    g.lineWidth = width;
    g.lineJoin = "round";
    g.beginPath();
    levels.forEach((level, k) => g.lineTo(this.xOf(frequencies[k], s), y(level)));
    g.stroke();
  }

  // What the curves say at a frequency, as text.
  readout(s, hz) {
    const at = (frequencies, levels) => {
      const k = clamp(Math.round((hz / frequencies[frequencies.length - 1]) * (levels.length - 1)), 0, levels.length - 1);
      return `${signed(levels[k])} dB`;
    };
    const parts = (this.shown ?? []).map((curve) => `${curve.name} ${at(curve.frequencies, curve.levels)}`);
    if (s.reference) {
      const { frequencies, low, median, high } = s.reference;
      parts.push(`normal ${at(frequencies, median)} (${at(frequencies, low)} to ${at(frequencies, high)})`);
    }
    return `${hertz(hz)}: ${parts.join(", ")}`;
  }
}
