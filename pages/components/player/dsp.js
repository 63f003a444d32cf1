// The transforms behind the pictures: real FFT, Hann window, mel bands. Equal to asd_core.features.LogMel.

import { floats } from "./units.js";

export class RealFFT {
  // A real transform of n points by a complex one of n / 2.
  constructor(n) {
    this.n = n;
    this.half = n / 2;
    const half = this.half, bits = Math.log2(half);
    this.reversed = new Uint16Array(half);
    for (let i = 0; i < half; i++) {
      let r = 0;
      for (let b = 0; b < bits; b++) r |= ((i >> b) & 1) << (bits - 1 - b);
      this.reversed[i] = r;
    }
    this.cos = Float64Array.from({ length: half }, (_, i) => Math.cos((2 * Math.PI * i) / n));
    this.sin = Float64Array.from({ length: half }, (_, i) => Math.sin((2 * Math.PI * i) / n));
    this.zr = new Float64Array(half);
    this.zi = new Float64Array(half);
    this.re = new Float64Array(half + 1);
    this.im = new Float64Array(half + 1);
  }

  // Fills this.re and this.im (n / 2 + 1 values each) from x (n values).
  transform(x) {
    const { half, reversed, cos, sin, zr, zi, re, im } = this;
    for (let i = 0; i < half; i++) {
      zr[reversed[i]] = x[2 * i];
      zi[reversed[i]] = x[2 * i + 1];
    }
    for (let size = 2; size <= half; size *= 2) {
      const middle = size / 2, stride = this.n / size;
      for (let start = 0; start < half; start += size) {
        for (let k = 0; k < middle; k++) {
          const c = cos[k * stride], s = sin[k * stride], a = start + k, b = a + middle;
          const tr = zr[b] * c + zi[b] * s, ti = zi[b] * c - zr[b] * s;
          zr[b] = zr[a] - tr;
          zi[b] = zi[a] - ti;
          zr[a] += tr;
          zi[a] += ti;
        }
      }
    }
    for (let k = 0; k <= half; k++) {
      const a = k % half, b = (half - k) % half;
      const er = (zr[a] + zr[b]) / 2, ei = (zi[a] - zi[b]) / 2;
      const or = (zi[a] + zi[b]) / 2, oi = (zr[b] - zr[a]) / 2;
      const c = k === half ? -1 : cos[k], s = k === half ? 0 : sin[k];
      re[k] = er + or * c + oi * s;
      im[k] = ei + oi * c - or * s;
    }
  }
}

// What is played and drawn: the recording, or p times y(1) plus (1 - p) times y(0).
export function mixOf(version, strength) {
  if (version === "recorded" || strength === 0) return { key: "raw", raw: 1, zero: 0, one: 0 };
  return { key: `y${strength.toFixed(4)}`, raw: 0, zero: 1 - strength, one: strength };
}

export class Analyser {
  // mel: {n_fft, hop, n_mels, first, count, weights}: the filterbank's non-zero weights, row after row.
  constructor(mel) {
    ({ n_fft: this.nFft, hop: this.hop, n_mels: this.nMels, first: this.first, count: this.count } = mel);
    this.weights = floats(mel.weights);
    this.fft = new RealFFT(this.nFft);
    this.frame = new Float64Array(this.nFft);
    this.power = new Float64Array(this.nFft / 2 + 1);
    this.window = Float32Array.from({ length: this.nFft }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / this.nFft));
  }

  // Windowed samples around `centre`; what lies outside the clip is silence.
  load(sound, mix, centre) {
    const { frame, window, nFft } = this, start = centre - nFft / 2;
    const low = Math.max(0, -start), high = Math.min(nFft, sound.length - start);
    if (low > 0 || high < nFft) frame.fill(0);
    if (mix.raw) {
      const raw = sound.raw;
      for (let i = low; i < high; i++) frame[i] = raw[start + i] * window[i];
    } else {
      const { zero, one } = sound, a = mix.zero, b = mix.one;
      for (let i = low; i < high; i++) frame[i] = (a * zero[start + i] + b * one[start + i]) * window[i];
    }
  }

  // Mel powers of the frame around `centre`, into out[offset ...]; the larger of old and new when pooling.
  melPower(sound, mix, centre, out, offset, pool) {
    this.load(sound, mix, centre);
    this.fft.transform(this.frame);
    const { power, first, count, weights, nMels } = this, { re, im } = this.fft;
    for (let k = 0; k < power.length; k++) power[k] = re[k] * re[k] + im[k] * im[k];
    let w = 0;
    for (let m = 0; m < nMels; m++) {
      let sum = 0;
      for (let k = first[m], end = first[m] + count[m]; k < end; k++) sum += weights[w++] * power[k];
      out[offset + m] = pool ? Math.max(out[offset + m], sum) : sum;
    }
  }
}

// 10 log10, floored at -100 dB as asd_core.features.LogMel is.
export function powerToDb(values, from, to) {
  for (let i = from; i < to; i++) values[i] = 10 * Math.log10(Math.max(values[i], 1e-10));
}
