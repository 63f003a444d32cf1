// Colour scales.

// Viridis and magma (Smith and van der Walt, 2015), at equal distances.
const VIRIDIS = "440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725";
const HEAT = "7b2382 982d80 b73779 d3436e eb5760 f8765c fd9a6a febb81 fddc9e fcfdbf";
const GREY = "101418 3a4046 6b7278 a0a6ab d9dcdf";

export function hexToRgb(hex) {
  const value = parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// 256 colours as packed little-endian RGBA, interpolated between stops.
export function scaleOf(stops, alpha = () => 255) {
  const colours = stops.map((stop) => (typeof stop === "string" ? hexToRgb(stop) : stop));
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (colours.length - 1);
    const left = Math.min(Math.floor(place), colours.length - 2);
    const rgb = [0, 1, 2].map((c) => Math.round(colours[left][c] + (place - left) * (colours[left + 1][c] - colours[left][c])));
    table[i] = ((alpha(i) << 24) | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0;
  }
  return table;
}

export const SCALES = {
  level: scaleOf(VIRIDIS.split(" ")),
  grey: scaleOf(GREY.split(" ")),
  // Low values are clear, so that only what raised the score covers the sound.
  heat: scaleOf(HEAT.split(" "), (i) => Math.round(255 * Math.min(1, (i / 255) * 1.6))),
};

export function cssOf(packed) {
  return `rgb(${packed & 255},${(packed >> 8) & 255},${(packed >> 16) & 255})`;
}

// A scale from left to right, for CSS; `alpha` is in it.
export function gradientOf(scale) {
  const stops = [0, 32, 64, 96, 128, 160, 192, 224, 255].map((i) => `${cssOf(scale[i]).slice(0, -1)},${(scale[i] >>> 24) / 255})`);
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}
