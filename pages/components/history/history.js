// The browser's history as Streamlit keeps it: a page is one entry of it, another address is gone to in one step, and Python learns of
// Back and Forward.
//
// When the browser comes to another entry of its history ("popstate"), Streamlit gives Python the address of it, but for one
// thing: that the browser came by its history. So that stands in the address at this moment.
//
// For a page that is opened, Streamlit makes several entries: the old page with the new one's parameters, the new page, and the new page
// each time that a parameter is written or goes while it is drawn. Those that nobody acted for are one.

const MARK = "moved=1";
const ACTS = ["pointerdown", "click", "keydown", "input"];
let plain, visited;
let opening = true, pushed = false; // since the last act: a page was come to, an entry was made

const write = (address) => history.replaceState(history.state, "", address);

function mark() {
  if (location.hash) return; // a heading on the same page
  plain = location.href;
  write(`${location.search ? `${location.search}&` : "?"}${MARK}`);
}

function unmark() {
  if (plain) write(plain);
  plain = undefined;
  opening = true;
}

function acted() {
  opening = pushed = false;
}

function push(state, unused, address) {
  const opens = new URL(address ?? "", location.href).pathname !== location.pathname;
  const same = opening || (opens && pushed);
  History.prototype[same ? "replaceState" : "pushState"].call(history, state, unused, address);
  pushed = true;
  opening ||= opens;
}

if (!globalThis.asdHistory) {
  globalThis.asdHistory = true; // once, whatever version of this file comes after it
  // Before "popstate", which reaches Streamlit first, since it listened first.
  globalThis.navigation?.addEventListener("currententrychange", ({ navigationType }) => navigationType === "traverse" && mark());
  window.addEventListener("popstate", unmark);
  for (const act of ACTS) window.addEventListener(act, acted, true);
  history.pushState = push;
}

export default ({ data }) => {
  if (!data.to || data.visit === visited) return;
  visited = data.visit;
  history.pushState({}, "", data.to);
  mark();
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
};
