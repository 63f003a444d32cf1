// The browser's history as Streamlit keeps it: another address is gone to in one step, and Python learns of Back and Forward.
//
// When the browser comes to another entry of its history ("popstate"), Streamlit gives Python the address of it, but for one
// thing: that the browser came by its history. So that stands in the address at this moment.

const MARK = "moved=1";
let plain, visited;

const write = (address) => history.replaceState(history.state, "", address);

function mark() {
  if (location.hash) return; // a heading on the same page
  plain = location.href;
  write(`${location.search ? `${location.search}&` : "?"}${MARK}`);
}

function unmark() {
  if (plain) write(plain);
  plain = undefined;
}

if (!globalThis.asdHistory) {
  globalThis.asdHistory = true; // once, whatever version of this file comes after it
  // Before "popstate", which reaches Streamlit first, since it listened first.
  globalThis.navigation?.addEventListener("currententrychange", ({ navigationType }) => navigationType === "traverse" && mark());
  window.addEventListener("popstate", unmark);
}

export default ({ data }) => {
  if (!data.to || data.visit === visited) return;
  visited = data.visit;
  history.pushState({}, "", data.to);
  mark();
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
};
