import assert from "node:assert/strict";
import { test } from "node:test";
import { Element } from "./element.mjs";

const { actOf } = await import("../../pages/components/page_keys/page_keys.js");
const body = new Element(["body"]), player = new Element([".asd-player"]);
const press = (key, path = [body], more = {}) => actOf({ key, composedPath: () => path, ...more });
const KEYS = ["ArrowRight", "PageDown", " ", "ArrowLeft", "PageUp", "Escape"];

test("keys go on, back and out", () => {
  assert.deepEqual(KEYS.map((key) => press(key)), ["on", "on", "on", "back", "back", "leave"]);
  assert.equal(press("a"), null);
});

test("a key that is held down is one press, and one with a modifier or taken is not the page's", () => {
  for (const more of ["repeat", "ctrlKey", "altKey", "metaKey", "shiftKey", "defaultPrevented"]) {
    assert.equal(press("PageDown", [body], { [more]: true }), null, more);
  }
});

test("where something is typed, no key is the page's", () => {
  for (const key of KEYS) assert.equal(press(key, [new Element(["input"], "text"), body]), null, key);
});

test("in the player its own keys are the player's, and those of a remote the page's", () => {
  const path = [new Element(["canvas"]), player, body];
  assert.deepEqual(KEYS.map((key) => press(key, path)), [null, "on", null, null, "back", null]);
});

test("a key that already means something where the focus is does that", () => {
  assert.equal(press(" ", [new Element(["button"]), body]), null);
  assert.equal(press("ArrowRight", [new Element(["button"]), body]), "on");
  assert.equal(press("ArrowRight", [new Element(["[role=slider]"]), body]), null);
  assert.equal(press("Escape", [new Element(["li"]), new Element(["[role=menu]"]), body]), null);
});
