import assert from "node:assert/strict";
import { test } from "node:test";

import { Analyser, mixOf } from "../../pages/components/player/dsp.js";
import { Picture, TILE } from "../../pages/components/player/picture.js";

const RATE = 16000;
const weights = Buffer.from(new Float32Array(8).fill(1).buffer).toString("base64"); // four bands of two bins
const analyser = new Analyser({ n_fft: 1024, hop: 512, n_mels: 4, first: [10, 30, 60, 90], count: [2, 2, 2, 2], weights });

function picture(seconds) {
  const length = seconds * RATE;
  // A tone in the third band, louder and softer by turns.
  const raw = Float32Array.from({ length }, (_, i) => (0.1 + Math.sin(i / 2000) ** 2) * Math.sin((2 * Math.PI * 60.5 * i) / 1024));
  const made = new Picture({ rate: RATE, length, raw }, analyser);
  made.setMix(mixOf("recorded", 0));
  return made;
}

// Level of the third band in a column.
const third = ([values, offset]) => values[offset + 2];

test("ten seconds show the frames that detectors hear, less time more columns, more time fewer", () => {
  const made = picture(40);
  assert.equal(made.hopFor(10 * RATE, 1000), 512);
  assert.equal(made.hopFor(5 * RATE, 1000), 256);
  assert.equal(made.hopFor(0.02 * RATE, 1000), 8);
  assert.equal(made.hopFor(40 * RATE, 1000), 1024);
  for (const span of [1, 3, 10, 40]) assert.ok((span * RATE) / made.hopFor(span * RATE, 700) <= 700);
});

test("a column holds the samples around its frame", () => {
  const made = picture(1);
  for (const h of [128, 512, 2048]) {
    for (const column of [0, 1, 5]) {
      assert.equal(made.columnAt(made.columnStart(column, h), h), column);
      assert.equal(made.columnAt(made.columnStart(column + 1, h) - 1, h), column);
    }
  }
  assert.equal(made.columnCount(512), 1 + Math.floor(RATE / 512));
  assert.equal(made.columnCount(2048), Math.ceil((1 + Math.floor(RATE / 512)) / 4));
});

test("tiles are computed once, and a tone lies in its band", () => {
  const made = picture(4), last = made.columnCount(512) - 1;
  assert.equal(made.column(0, 512), null);
  for (const step of made.fill(512, 0, last)) assert.equal(step, undefined);
  const [values, offset] = made.column(TILE + 3, 512), levels = Array.from(values.subarray(offset, offset + 4));
  assert.equal(levels.indexOf(Math.max(...levels)), 2);
  assert.ok(levels[2] > levels[0] + 30);
  assert.equal([...made.fill(512, 0, last)].length, 0);
});

test("a column of many frames has the loudest", () => {
  const made = picture(4), h = 2048, n = made.columnCount(h);
  for (const step of made.fill(512, 0, made.columnCount(512) - 1)) assert.equal(step, undefined);
  for (const step of made.fill(h, 0, n - 1)) assert.equal(step, undefined);
  for (let column = 1; column < n - 1; column++) {
    const frames = [0, 1, 2, 3].map((frame) => third(made.column(4 * column + frame, 512)));
    assert.ok(Math.abs(third(made.column(column, h)) - Math.max(...frames)) < 1e-4, `column ${column}`);
  }
});

test("until another mix is computed, the one before is seen", () => {
  const made = picture(1);
  made.sound.zero = made.sound.one = made.sound.raw.map((value) => value / 10);
  for (const step of made.fill(512, 0, 31)) assert.equal(step, undefined);
  const level = () => third(made.column(5, 512)), before = level();
  assert.equal(made.setMix(mixOf("denoised", 0.5)), true);
  assert.equal(made.setMix(mixOf("denoised", 0.5)), false);
  assert.equal(level(), before);
  for (const step of made.fill(512, 0, 31)) assert.equal(step, undefined);
  assert.ok(Math.abs(level() - (before - 20)) < 1e-3);
});
