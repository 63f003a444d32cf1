import assert from "node:assert/strict";
import { test } from "node:test";

import { cssOf, hexToRgb, scaleOf, SCALES } from "../../pages/components/common/colours.js";

test("a scale holds its stops and goes straight between them", () => {
  const scale = scaleOf(["000000", [255, 51, 0]]);
  assert.equal(cssOf(scale[0]), "rgb(0,0,0)");
  assert.equal(cssOf(scale[255]), "rgb(255,51,0)");
  assert.equal(cssOf(scale[100]), "rgb(100,20,0)");
  assert.equal(scale[100] >>> 24, 255);
});

test("viridis begins and ends as it does", () => {
  assert.equal(cssOf(SCALES.level[0]), "rgb(68,1,84)");
  assert.equal(cssOf(SCALES.level[255]), "rgb(253,231,37)");
});

test("low values of a map are clear, high ones cover", () => {
  assert.equal(SCALES.heat[0] >>> 24, 0);
  assert.equal(SCALES.heat[255] >>> 24, 255);
});

test("colours as CSS writes them", () => assert.deepEqual(hexToRgb("2a788e"), [42, 120, 142]));
