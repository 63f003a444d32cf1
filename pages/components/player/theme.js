// Colours and fonts of the page, for what is drawn on canvases.

import { hexToRgb, scaleOf } from "../common/colours.js";

export function readTheme(root, colours) {
  const style = getComputedStyle(root);
  const of = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const background = of("--st-background-color", "#ffffff");
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  probe.fillStyle = background;
  probe.fillRect(0, 0, 1, 1);
  const rgb = [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const dark = rgb[0] * 0.3 + rgb[1] * 0.59 + rgb[2] * 0.11 < 128;
  return {
    dark,
    background,
    panel: of("--st-secondary-background-color", "#f3f6f8"),
    text: of("--st-text-color", "#1b2733"),
    faint: dark ? "rgba(230,237,243,0.62)" : "rgba(27,39,51,0.66)",
    grid: dark ? "rgba(230,237,243,0.11)" : "rgba(27,39,51,0.10)",
    border: of("--st-border-color", "#c9d1d9"),
    primary: of("--st-primary-color", "#0b6e99"),
    font: of("--st-font", "sans-serif"),
    recorded: dark ? colours.recorded : darker(colours.recorded),
    denoised: dark ? colours.denoised : darker(colours.denoised),
    difference: scaleOf(dark ? ["4393c3", "2166ac", rgb.map((v) => v * 0.9 + 12), "b2182b", "f4715f"] : ["053061", "4393c3", "f7f7f7", "d6604d", "67001f"]),
  };
}

// The same hue with enough contrast for thin lines on white.
function darker(hex) {
  const [r, g, b] = hexToRgb(hex.slice(1)).map((v) => Math.round(v * 0.78));
  return `rgb(${r},${g},${b})`;
}

export function fill(context, colour, x, y, width, height) {
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
}

// Draw in a rectangle, and nothing beside it.
export function clipped(context, x, y, width, height, draw) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  draw();
  context.restore();
}

// Size a canvas for the screen's pixels and give a context that counts in CSS pixels.
export function prepareCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
