// Long-term spectrum (Welch, 1967) of recording and denoised sound. Powers at strengths 0 and 1 and their cross term
// are stored, so that the spectrum at any strength costs one sum per bin.

const MOST_FRAMES = 1900; // about 60 s: of a longer stretch, frames at equal distances

export class Welch {
  constructor(sound, analyser) {
    this.sound = sound;
    this.analyser = analyser;
    this.means = null;
  }

  // Means over the complete frames between two samples (a stretch shorter than a frame gives its own frame).
  *build(from, to) {
    const { nFft, hop, fft, window } = this.analyser, bins = nFft / 2 + 1, { sound } = this;
    const total = Math.max(1, Math.floor((to - from - nFft) / hop) + 1), n = Math.min(total, MOST_FRAMES);
    const names = sound.one ? ["raw", "zero", "one"] : ["raw"];
    const means = { raw: new Float64Array(bins), zero: new Float64Array(bins), one: new Float64Array(bins), both: new Float64Array(bins) };
    const scale = 4 / window.reduce((sum, w) => sum + w, 0) ** 2 / n; // 0 dB is a full-scale sine
    const re = new Float64Array(bins), im = new Float64Array(bins);
    for (let i = 0; i < n; i++) {
      const centre = from + Math.floor((i * total) / n) * hop + nFft / 2;
      for (const name of names) {
        this.analyser.load(sound, { raw: +(name === "raw"), zero: +(name === "zero"), one: +(name === "one") }, centre);
        fft.transform(this.analyser.frame);
        const mean = means[name];
        for (let k = 0; k < bins; k++) mean[k] += scale * (fft.re[k] ** 2 + fft.im[k] ** 2);
        if (name === "zero") {
          re.set(fft.re);
          im.set(fft.im);
        } else if (name === "one") {
          for (let k = 0; k < bins; k++) means.both[k] += scale * (re[k] * fft.re[k] + im[k] * fft.im[k]);
        }
      }
      yield;
    }
    for (const mean of Object.values(means)) {
      mean[0] /= 2; // the constant and the highest frequency have no mirror image
      mean[bins - 1] /= 2;
    }
    this.means = means;
  }

  // Levels in dB of a mix, (n_fft / 2 + 1) values; null until they are computed.
  levels(mix) {
    if (!this.means) return null;
    const { raw, zero, one, both } = this.means, a = mix.zero, b = mix.one;
    return Float32Array.from(raw, (value, k) => {
      const power = mix.raw ? value : a * a * zero[k] + b * b * one[k] + 2 * a * b * both[k];
      return 10 * Math.log10(Math.max(power, 1e-14));
    });
  }
}
