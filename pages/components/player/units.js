// Scales, formats and colours.

const MEL_BREAK = 15, LOG_STEP = Math.log(6.4) / 27;

// Slaney's mel scale: linear below 1 kHz, logarithmic above, as asd_core.features has it.
export function hzToMel(hz) {
  return hz < 1000 ? (hz * 3) / 200 : MEL_BREAK + Math.log(hz / 1000) / LOG_STEP;
}

export function melToHz(mel) {
  return mel < MEL_BREAK ? (mel * 200) / 3 : 1000 * Math.exp(LOG_STEP * (mel - MEL_BREAK));
}

// The mel axis counts bands: band i spans rows i to i + 1, so its centre frequency lies at i + 0.5.
export function hzToRow(hz, nMels, nyquist) {
  return (hzToMel(hz) * (nMels + 1)) / hzToMel(nyquist) - 0.5;
}

export function rowToHz(row, nMels, nyquist) {
  return melToHz((Math.max(0, row + 0.5) * hzToMel(nyquist)) / (nMels + 1));
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const toDb = (amplitude) => (amplitude > 1e-7 ? 20 * Math.log10(amplitude) : -Infinity);
export const MINUS = "\u2212";

export function signed(value, digits = 1) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

export function clock(seconds, digits = 3) {
  const unit = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * unit);
  const minutes = Math.floor(whole / (60 * unit));
  const rest = ((whole - minutes * 60 * unit) / unit).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? 3 + digits : 2, "0")}`;
}

export function hertz(value) {
  return value >= 10000 ? `${(value / 1000).toFixed(1)} kHz` : `${Math.round(value)} Hz`;
}

export function hertzTick(value) {
  return value >= 1000 ? `${value / 1000}k` : String(value);
}

// A step of 1, 2 or 5 times a power of ten (or of minutes) that gives at most `most` ticks.
export function niceStep(span, most, sexagesimal = false) {
  const least = span / Math.max(1, most);
  if (sexagesimal && least > 5) return [10, 15, 30, 60, 120, 300, 600].find((step) => step >= least) ?? 600;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least * 0.999) ?? 10);
}

export function ticks(low, high, step) {
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) values.push(i * step);
  return values;
}

export function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
