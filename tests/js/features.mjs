// The player's features of a sound, for tests/unit/test_javascript.py. Reads from standard input {mel, signals, mixes}, where
// signals are base64 of 32-bit floats, and writes for each mix its log-mel (frame after frame) and spectrum.

import { readFileSync } from "node:fs";

import { Analyser, mixOf } from "../../pages/components/player/dsp.js";
import { Picture } from "../../pages/components/player/picture.js";
import { floats, rowToHz } from "../../pages/components/player/units.js";
import { Welch } from "../../pages/components/player/welch.js";

const { mel, rate, signals, mixes } = JSON.parse(readFileSync(0, "utf8"));
const [raw, zero, one] = signals.map(floats), sound = { rate, length: raw.length, raw, zero, one };
const analyser = new Analyser(mel), welch = new Welch(sound, analyser), spectrum = welch.build(0, raw.length);
while (!spectrum.next().done);

const features = mixes.map(([version, strength]) => {
  const mix = mixOf(version, strength), picture = new Picture(sound, analyser), n = picture.columnCount(mel.hop);
  picture.setMix(mix);
  const filling = picture.fill(mel.hop, 0, n - 1);
  while (!filling.next().done);
  const frames = Array.from({ length: n }, (_, index) => {
    const [values, offset] = picture.column(index, mel.hop);
    return Array.from(values.subarray(offset, offset + mel.n_mels));
  });
  return { frames, spectrum: [...welch.levels(mix)] };
});
const bands = Array.from({ length: mel.n_mels }, (_, row) => rowToHz(row + 0.5, mel.n_mels, rate / 2));
process.stdout.write(JSON.stringify({ bands, features }));
