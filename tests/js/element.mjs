// An element as the keys' modules look at it: what it matches, and of what type it is.

export class Element {
  constructor(selectors, type) {
    this.selectors = selectors;
    this.type = type;
  }

  matches(list) {
    return list.split(", ").some((selector) => this.selectors.includes(selector));
  }
}

globalThis.Element = Element;
