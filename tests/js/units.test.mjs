import assert from "node:assert/strict";
import { test } from "node:test";

import { clamp, clock, floats, hertz, hertzTick, hzToMel, hzToRow, melToHz, niceStep, rowToHz, signed, ticks, toDb } from "../../pages/components/player/units.js";

const near = (actual, expected, tolerance = 1e-9) => assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not ${expected}`);

test("the mel scale is Slaney's", () => {
  // The examples of librosa's documentation, and the ends of the logarithmic part: 27 steps make a factor of 6.4.
  for (const [hz, mel] of [[0, 0], [60, 0.9], [110, 1.65], [220, 3.3], [440, 6.6], [1000, 15], [6400, 42]]) {
    near(hzToMel(hz), mel);
    near(melToHz(mel), hz, 1e-8);
  }
});

test("the middle of a row is the centre of its band", () => {
  for (const [nMels, nyquist] of [[128, 8000], [64, 22050]]) {
    for (const row of [0, 17, nMels - 1]) near(hzToRow(melToHz(((row + 1) * hzToMel(nyquist)) / (nMels + 1)), nMels, nyquist), row + 0.5);
    for (const hz of [125, 999, 1001, 4000]) near(rowToHz(hzToRow(hz, nMels, nyquist), nMels, nyquist), hz, 1e-6);
  }
  assert.equal(rowToHz(-3, 128, 8000), 0);
});

test("levels and signs", () => {
  assert.equal(toDb(1), 0);
  near(toDb(0.5), -6.0206, 1e-4);
  assert.equal(toDb(0), -Infinity);
  assert.deepEqual([signed(-1.26), signed(1.26), signed(-0.04), signed(-12, 0)], ["\u22121.3", "1.3", "0.0", "\u221212"]);
  assert.deepEqual([clamp(5, 0, 3), clamp(-1, 0, 3), clamp(2, 0, 3)], [3, 0, 2]);
});

test("times", () => {
  assert.equal(clock(0), "0:00.000");
  assert.equal(clock(59.9996), "1:00.000"); // rounded before it is split
  assert.equal(clock(61.25), "1:01.250");
  assert.equal(clock(-1), "0:00.000");
  assert.equal(clock(600, 0), "10:00");
  assert.equal(clock(5, 0), "0:05");
});

test("frequencies", () => {
  assert.deepEqual([hertz(999.6), hertz(9999), hertz(10000)], ["1000 Hz", "9999 Hz", "10.0 kHz"]);
  assert.deepEqual([hertzTick(500), hertzTick(1000), hertzTick(31500)], ["500", "1k", "31.5k"]);
});

test("steps of axes are 1, 2 or 5, and of minutes what a clock has", () => {
  for (const [span, most, step] of [[10, 10, 1], [10, 6, 2], [10, 3, 5], [0.02, 4, 0.005], [110, 5, 50]]) near(niceStep(span, most), step);
  assert.equal(niceStep(600, 10, true), 60);
  assert.equal(niceStep(100, 15, true), 10);
  assert.equal(niceStep(1e5, 10, true), 600);
  for (let span = 0.01; span < 1e4; span *= 1.7) assert.ok(span / niceStep(span, 8) <= 8 * 1.001);
});

test("ticks hold both ends in spite of rounding", () => {
  assert.deepEqual(ticks(-20, 20, 10).map((tick) => tick + 0), [-20, -10, 0, 10, 20]);
  assert.equal(ticks(0, 0.3, 0.1).length, 4);
  assert.deepEqual(ticks(0.5, 2.4, 1), [1, 2]);
});

test("32-bit floats come as base64", () => {
  const values = new Float32Array([0, 1, -0.5, 1e-10]);
  assert.deepEqual(floats(Buffer.from(values.buffer).toString("base64")), values);
});
