import assert from "node:assert/strict";
import { test } from "node:test";

import { Stage } from "../../pages/components/player/stage.js";

globalThis.document = { createElement: () => ({}) };
const sizes = (size, height) => {
  const stage = new Stage({ clientWidth: 800 }, size);
  stage.resize(800, height);
  return stage;
};

test("large pictures fill their place, with letters of 20 pixels", () => {
  for (const height of [300, 420, 700]) {
    const { wave, map, height: drawn, unit } = sizes("large", height);
    assert.ok(Math.abs(drawn - height) <= 1, `${drawn} of ${height}`);
    assert.ok(map.height > 3 * wave.height);
    assert.ok(Math.abs(11 * unit - 20) < 1e-9);
  }
});

test("other pictures have a height of their own", () => {
  for (const [size, wave, map] of [["full", 48, 192], ["compact", 60, 160]]) {
    const stage = sizes(size, 700);
    assert.deepEqual([stage.wave.height, stage.map.height, stage.unit], [wave, map, 1]);
  }
});
