import assert from "node:assert/strict";
import { test } from "node:test";

import { mixOf } from "../../pages/components/player/dsp.js";
import { Envelope } from "../../pages/components/player/envelope.js";

const length = 10000, peak = 7123;
const raw = Float32Array.from({ length }, (_, i) => (i === peak ? 0.9 : 0.1 * Math.sin(i)));
const sound = { length, raw, zero: raw.map((v) => 0.5 * v), one: raw.map(() => 0.25) };
const recorded = mixOf("recorded", 0);

function built(mix) {
  const envelope = new Envelope(sound);
  const steps = [...envelope.build(mix)];
  return [envelope, steps];
}

test("no peak is lost at any zoom", () => {
  const [envelope] = built(recorded);
  for (const span of [2, 50, 511, 512, 3000, length]) {
    for (let from = peak - span + 1; from <= peak; from += Math.max(1, Math.floor(span / 7))) {
      const [low, high] = envelope.extremes(recorded, from, from + span);
      assert.ok(Math.abs(high - 0.9) < 1e-6, `${span} samples from ${from}`);
      assert.ok(low <= 0.9);
    }
  }
});

test("short stretches are exact, and none reaches outside the clip", () => {
  const [envelope] = built(recorded);
  const part = raw.subarray(1000, 1300);
  assert.deepEqual(envelope.extremes(recorded, 1000, 1300), [Math.min(...part), Math.max(...part)]);
  assert.deepEqual(envelope.extremes(recorded, -50, -40), [raw[0], raw[0]]);
  assert.deepEqual(envelope.extremes(recorded, length + 5, length + 9), [raw[length - 1], raw[length - 1]]);
});

test("a mix is that of the two signals", () => {
  const mix = mixOf("denoised", 0.5);
  const [envelope] = built(mix);
  const [, high] = envelope.extremes(mix, 0, length);
  assert.ok(Math.abs(high - (0.5 * 0.45 + 0.5 * 0.25)) < 1e-6);
});

test("before the blocks are there, a sketch is shown", () => {
  const [low, high] = new Envelope(sound).extremes(recorded, 0, length);
  assert.ok(low < 0 && high > 0 && high <= 0.9 + 1e-6);
});
