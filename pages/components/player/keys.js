// Keys. P and B work anywhere on the page for the player used last; the others, Space among them, when the player has the focus.

import { isForPage, isTyping } from "../common/keys.js";

export const players = new Set(); // on the page
let current = null;

function onPageKey(event) {
  if (!isForPage(event)) return;
  const player = current && players.has(current) ? current : [...players][0];
  const key = event.key.toLowerCase();
  if (!player || (key !== "p" && key !== "b")) return;
  event.preventDefault();
  if (key === "b") player.back();
  else if (!event.repeat) player.toggle();
}

// Another sound starts: another player's, or an <audio> or <video> of the page itself.
function onOtherSound(event) {
  for (const player of players) if (player !== event.detail) player.engine.pause();
}

// Once for all players, and for good: without a player they do nothing.
document.addEventListener("keydown", onPageKey);
document.addEventListener("play", onOtherSound, true);
window.addEventListener("asd-play", onOtherSound);

// The one that keys pressed elsewhere on the page are for.
export function use(player) {
  current = player;
}

export function leave(player) {
  players.delete(player);
  if (current === player) current = null;
}

export function onPlayerKey(player, event) {
  const [target] = event.composedPath();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return;
  const slider = target instanceof Element && target.matches("input[type=range]");
  const button = target instanceof Element && target.matches("button"); // Space presses it
  const { view, duration } = player, position = player.engine.position(), step = (view.to - view.from) / 4;
  const actions = {
    "+": () => player.zoom(0.5, position),
    "=": () => player.zoom(0.5, position),
    "-": () => player.zoom(2, position),
    l: () => player.setLooping(!player.looping),
    Escape: () => player.select(null, true),
    "[": () => player.selectEdge("t0"),
    "]": () => player.selectEdge("t1"),
  };
  if (!button) actions[" "] = () => event.repeat || player.toggle();
  if (!slider) {
    Object.assign(actions, {
      ArrowLeft: () => (event.shiftKey ? player.look(view.from - step, view.to - step) : player.seek(position - 1)),
      ArrowRight: () => (event.shiftKey ? player.look(view.from + step, view.to + step) : player.seek(position + 1)),
      Home: () => player.seek(0),
      End: () => player.seek(duration),
    });
  }
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}
