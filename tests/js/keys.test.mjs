import assert from "node:assert/strict";
import { test } from "node:test";
import { Element } from "./element.mjs";

const { isForPage, isTyping } = await import("../../pages/components/common/keys.js");
const press = (target, more = {}) => ({ composedPath: () => [target], ...more });
const body = new Element(["body"]);

test("a key pressed alone is the page's", () => {
  assert.ok(isForPage(press(body)));
  assert.ok(isForPage(press({}))); // the window itself is no element
});

test("a key with a modifier, or that somebody has taken, is not", () => {
  for (const more of ["defaultPrevented", "ctrlKey", "metaKey", "altKey", "shiftKey"]) {
    assert.ok(!isForPage(press(body, { [more]: true })), more);
  }
});

test("where something is typed or chosen, letters are letters", () => {
  for (const selector of ["textarea", "select", "[role=combobox]", "[role=textbox]", "[contenteditable='true']"]) {
    assert.ok(isTyping(new Element([selector])), selector);
  }
  for (const type of ["text", "number", "search"]) assert.ok(isTyping(new Element(["input"], type)), type);
  for (const type of ["range", "checkbox", "radio", "button"]) assert.ok(!isTyping(new Element(["input"], type)), type);
});
