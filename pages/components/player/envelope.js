// Smallest and largest sample of a stretch, at any zoom: no peak is lost.

import { clamp } from "./units.js";

const BLOCK = 256;

export class Envelope {
  constructor(sound) {
    this.sound = sound;
    this.blocks = null; // {key, low, high}: extremes of each block of samples
  }

  // Prepare for a mix; until it is through, the blocks of the mix before are shown.
  *build(mix) {
    const n = Math.ceil(this.sound.length / BLOCK);
    const low = new Float32Array(n), high = new Float32Array(n);
    for (let b = 0; b < n; b++) {
      [low[b], high[b]] = this.scan(mix, b * BLOCK, Math.min(this.sound.length, (b + 1) * BLOCK));
      if (b % 256 === 255) yield;
    }
    this.blocks = { key: mix.key, low, high };
  }

  scan(mix, from, to, stride = 1) {
    let low = Infinity, high = -Infinity;
    const { raw, zero, one } = this.sound;
    for (let i = from; i < to; i += stride) {
      const value = mix.raw ? raw[i] : mix.zero * zero[i] + mix.one * one[i];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  // Extremes of samples from..to; from blocks when the stretch is long.
  extremes(mix, from, to) {
    from = clamp(Math.floor(from), 0, this.sound.length - 1);
    to = clamp(Math.ceil(to), from + 1, this.sound.length);
    if (to - from < 2 * BLOCK) return this.scan(mix, from, to);
    if (!this.blocks) return this.scan(mix, from, to, Math.ceil((to - from) / 64)); // a sketch, for a moment
    let low = Infinity, high = -Infinity;
    for (let b = Math.floor(from / BLOCK); b < Math.ceil(to / BLOCK); b++) {
      low = Math.min(low, this.blocks.low[b]);
      high = Math.max(high, this.blocks.high[b]);
    }
    return [low, high];
  }
}
