import assert from "node:assert/strict";
import { test } from "node:test";

import { SCALES } from "../../pages/components/common/colours.js";
import { colour, placeOf } from "../../pages/components/hover_card/hover_card.js";

test("the card is below and right of the pointer, and on the other side at the window's edges", () => {
  const card = { width: 200, height: 100 }, window = { innerWidth: 1000, innerHeight: 600 };
  assert.deepEqual(placeOf([300, 200], card, window), [316, 216]);
  assert.deepEqual(placeOf([900, 200], card, window), [684, 216]);
  assert.deepEqual(placeOf([300, 550], card, window), [316, 434]);
  assert.deepEqual(placeOf([10, 90], card, { innerWidth: 100, innerHeight: 100 }), [4, 4]); // a window too small for it
});

test("grey pixels get the colours of the spectrograms", () => {
  const bytes = new Uint8ClampedArray([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
  colour(bytes);
  assert.deepEqual([...new Uint32Array(bytes.buffer)], [0, 128, 255].map((level) => SCALES.level[level]));
});
