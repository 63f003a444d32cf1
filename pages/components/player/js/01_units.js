// Scales, formats and colours.

const MEL_BREAK = 15, LOG_STEP = Math.log(6.4) / 27;

// Slaney's mel scale: linear below 1 kHz, logarithmic above, as asd_core.features has it.
function hzToMel(hz) {
  return hz < 1000 ? (hz * 3) / 200 : MEL_BREAK + Math.log(hz / 1000) / LOG_STEP;
}

function melToHz(mel) {
  return mel < MEL_BREAK ? (mel * 200) / 3 : 1000 * Math.exp(LOG_STEP * (mel - MEL_BREAK));
}

// The mel axis counts bands: band i spans rows i to i + 1, so its centre frequency lies at i + 0.5.
function hzToRow(hz, nMels, nyquist) {
  return (hzToMel(hz) * (nMels + 1)) / hzToMel(nyquist) - 0.5;
}

function rowToHz(row, nMels, nyquist) {
  return melToHz((Math.max(0, row + 0.5) * hzToMel(nyquist)) / (nMels + 1));
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const toDb = (amplitude) => (amplitude > 1e-7 ? 20 * Math.log10(amplitude) : -Infinity);
const MINUS = "\u2212";

function signed(value, digits = 1) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

function clock(seconds, digits = 3) {
  const unit = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * unit);
  const minutes = Math.floor(whole / (60 * unit));
  const rest = ((whole - minutes * 60 * unit) / unit).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
}

function hertz(value) {
  return value >= 10000 ? `${(value / 1000).toFixed(1)} kHz` : `${Math.round(value)} Hz`;
}

function hertzTick(value) {
  return value >= 1000 ? `${value / 1000}k` : String(value);
}

// A step of 1, 2 or 5 times a power of ten (or of minutes) that gives at most `most` ticks.
function niceStep(span, most, sexagesimal = false) {
  const least = span / Math.max(1, most);
  if (sexagesimal && least > 5) return [10, 15, 30, 60, 120, 300, 600].find((step) => step >= least) ?? 600;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least * 0.999) ?? 10);
}

function ticks(low, high, step) {
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

// Viridis and magma (Smith and van der Walt, 2015), at equal distances.
const VIRIDIS = "440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725";
const HEAT = "7b2382 982d80 b73779 d3436e eb5760 f8765c fd9a6a febb81 fddc9e fcfdbf";
const GREY = "101418 3a4046 6b7278 a0a6ab d9dcdf";

function hexToRgb(hex) {
  const value = parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// 256 colours as packed little-endian RGBA, interpolated between stops.
function scaleOf(stops, alpha = () => 255) {
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

const SCALES = {
  level: scaleOf(VIRIDIS.split(" ")),
  grey: scaleOf(GREY.split(" ")),
  // Low values are clear, so that only what raised the score covers the sound.
  heat: scaleOf(HEAT.split(" "), (i) => Math.round(255 * Math.min(1, (i / 255) * 1.6))),
};

function cssOf(packed) {
  return `rgb(${packed & 255},${(packed >> 8) & 255},${(packed >> 16) & 255})`;
}

function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
