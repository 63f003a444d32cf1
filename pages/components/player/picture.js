// The log-mel picture, computed for what is seen: columns in tiles, at a hop that suits the zoom.

import { mixOf, powerToDb } from "./dsp.js";

export const TILE = 64; // columns
const MOST_TILES = 1500; // about 50 MB
const RANGE_FRAMES = 96; // at equal distances: enough for levels that are rounded to 5 dB
const DETAIL_SECONDS = 10; // a view this long shows exactly the frames that detectors score; a shorter one more

export class Picture {
  constructor(sound, analyser) {
    this.sound = sound;
    this.analyser = analyser;
    this.tiles = new Map();
    this.stale = new Map(); // of the mix before: shown until the new ones are there
    this.mix = null;
  }

  setMix(mix) {
    if (this.mix?.key === mix.key) return false;
    if (this.tiles.size) this.stale = this.tiles;
    this.tiles = new Map();
    this.mix = mix;
    return true;
  }

  // A power of two of samples between columns: at most `most` columns in a span of samples.
  hopFor(span, most) {
    const fitting = 2 ** Math.ceil(Math.log2(Math.max(1, span / most)));
    const zoom = Math.floor(Math.log2(Math.max(1, (DETAIL_SECONDS * this.sound.rate) / span)) + 1e-6);
    return Math.max(8, fitting, this.analyser.hop / 2 ** zoom);
  }

  // Column c at hop h holds samples from here on; a hop beyond the analyser's pools the frames inside it.
  columnStart(c, h) {
    return c * h - Math.min(h, this.analyser.hop) / 2;
  }

  columnAt(sample, h) {
    return Math.floor((sample + Math.min(h, this.analyser.hop) / 2) / h);
  }

  columnCount(h) {
    const { hop } = this.analyser;
    return h <= hop ? 1 + Math.floor(this.sound.length / h) : Math.ceil((1 + Math.floor(this.sound.length / hop)) / (h / hop));
  }

  // The first and the last column that are seen in a view, with one more at either end.
  columnsIn(view, h) {
    const { rate } = this.sound, at = (seconds) => this.columnAt(seconds * rate, h);
    return [Math.max(0, at(view.from) - 1), Math.min(this.columnCount(h) - 1, at(view.to) + 1)];
  }

  // Compute the tiles of columns first..last: each frame when columns are single frames; when they pool many, first a
  // sketch from one frame a column, then all of them.
  *fill(h, first, last) {
    const pooled = h > this.analyser.hop;
    for (const complete of pooled ? [false, true] : [true]) {
      for (let index = Math.floor(first / TILE); index <= Math.floor(last / TILE); index++) {
        const key = `${h}:${index}`, old = this.tiles.get(key);
        if (old?.complete || (old && !complete)) continue;
        yield* this.computeTile(key, h, index, complete);
      }
    }
  }

  *computeTile(key, h, index, complete) {
    const { nMels, hop } = this.analyser, mix = this.mix;
    const values = new Float32Array(TILE * nMels);
    const end = Math.min(TILE, this.columnCount(h) - index * TILE);
    for (let c = 0; c < end; c++) {
      const column = index * TILE + c;
      const frames = h <= hop ? 1 : complete ? h / hop : 1, skip = h > hop && !complete ? Math.floor(h / hop / 2) : 0;
      for (let f = 0; f < frames; f++) {
        const centre = h <= hop ? column * h : column * h + (f + skip) * hop;
        if (centre > this.sound.length && f > 0) break;
        this.analyser.melPower(this.sound, mix, centre, values, c * nMels, f > 0);
        if (f % 8 === 7) yield;
      }
      yield;
    }
    powerToDb(values, 0, end * nMels);
    if (this.mix !== mix) return;
    if (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
    this.tiles.set(key, { values, complete });
  }

  // Levels of one column, `offset` values into an array: [array, offset], or null while it is not there.
  column(c, h) {
    const key = `${h}:${Math.floor(c / TILE)}`;
    const tile = this.tiles.get(key) ?? this.stale.get(key);
    return tile ? [tile.values, (c % TILE) * this.analyser.nMels] : null;
  }

  // Levels between which colours run: from the recording, so that denoising is seen as a change of level.
  range() {
    const { nMels, hop } = this.analyser, frames = 1 + Math.floor(this.sound.length / hop);
    const n = Math.min(frames, RANGE_FRAMES), values = new Float32Array(n * nMels), recorded = mixOf("recorded", 0);
    for (let i = 0; i < n; i++) {
      this.analyser.melPower(this.sound, recorded, Math.floor((i * frames) / n) * hop, values, i * nMels, false);
    }
    powerToDb(values, 0, values.length);
    values.sort();
    const low = values[Math.floor(0.01 * values.length)], high = values[Math.floor(0.998 * values.length)];
    return [Math.floor(low / 5) * 5, Math.max(Math.ceil(high / 5) * 5, Math.floor(low / 5) * 5 + 10)];
  }
}
