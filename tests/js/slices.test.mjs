import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Slices } from "../../pages/components/player/slices.js";

let frames, time, drawn, slices;

beforeEach(() => {
  frames = new Map();
  time = drawn = 0;
  let last = 0;
  globalThis.requestAnimationFrame = (then) => (frames.set(++last, then), last);
  globalThis.cancelAnimationFrame = (id) => frames.delete(id);
  Object.defineProperty(globalThis, "performance", { value: { now: () => time }, configurable: true });
  slices = new Slices(() => drawn++);
});

function frame() {
  const asked = [...frames.values()];
  frames.clear();
  for (const then of asked) then();
}

// A job whose steps take 3 ms each.
function* job(steps, log, name) {
  for (let i = 0; i < steps; i++) {
    time += 3;
    log.push(name);
    yield;
  }
}

test("a job is cut where a frame's time is over, and goes on in the next", () => {
  const log = [];
  slices.run("a", job(5, log, "a"));
  assert.equal(log.length, 0); // nothing is done at once
  frame();
  assert.equal(log.length, 3);
  frame();
  assert.equal(log.length, 5);
  assert.equal(frames.size, 0); // nothing is asked for when all is done
  assert.equal(drawn, 2);
});

test("jobs are done in their order, and one of the same name replaces the one before", () => {
  const log = [];
  slices.run("a", job(2, log, "a"));
  slices.run("b", job(1, log, "b"));
  slices.run("a", job(1, log, "new"));
  frame();
  assert.deepEqual(log, ["new", "b"]);
});

test("nothing goes on once it is stopped", () => {
  const log = [];
  slices.run("a", job(9, log, "a"));
  frame();
  slices.stop();
  assert.equal(frames.size, 0);
  frame();
  assert.equal(log.length, 3);
});
