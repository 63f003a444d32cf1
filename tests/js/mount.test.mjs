import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { mounting } from "../../pages/components/common/mount.js";

let made, root, page, call;

class Part {
  constructor() {
    this.received = [];
    this.destroyed = false;
    made.push(this);
  }

  receive(component) {
    this.received.push(component.data);
  }

  destroy() {
    this.destroyed = true;
  }
}

beforeEach(() => {
  made = [];
  root = {};
  page = { querySelector: () => root, isConnected: true };
  const mount = mounting(".part", Part);
  call = (data) => mount({ parentElement: page, data });
});

test("one object lives as long as its element and receives all data", () => {
  call(1);
  call(2);
  assert.equal(made.length, 1);
  assert.deepEqual(made[0].received, [1, 2]);
});

test("another element gets another object, and the one before is destroyed", () => {
  call(1);
  root = {};
  call(2);
  assert.deepEqual(made.map((part) => part.destroyed), [true, false]);
});

test("cleaning up after a call that newer data overtake leaves the object, also before their call", () => {
  const first = call(1);
  first();
  assert.equal(made[0].destroyed, false);
  const second = call(2);
  assert.equal(made.length, 1);
  page.isConnected = false;
  second();
  assert.equal(made[0].destroyed, true);
  page.isConnected = true;
  call(3);
  assert.equal(made.length, 2);
  page.isConnected = false;
  first(); // late: its object is gone
  assert.equal(made[1].destroyed, false);
});
