// Keys that work anywhere on the page.

export function isTyping(target) {
  if (!(target instanceof Element)) return false;
  if (target.matches("textarea, select, [contenteditable='true'], [contenteditable=''], [role=combobox], [role=textbox]")) return true;
  return target.matches("input") && !["range", "checkbox", "radio", "button"].includes(target.type);
}

// Whether a key is the page's: nobody has taken it, it is pressed alone, and not where something is typed.
export function isForPage(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
  return !isTyping(event.composedPath()[0]);
}
