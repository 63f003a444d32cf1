import assert from "node:assert/strict";
import { test } from "node:test";

import { mixOf, powerToDb, RealFFT } from "../../pages/components/player/dsp.js";

test("the transform is the discrete Fourier transform", () => {
  for (const n of [4, 8, 64, 1024]) {
    let state = 1;
    const x = Float64Array.from({ length: n }, () => ((state = (state * 16807) % 2147483647) / 2147483647) - 0.5);
    const fft = new RealFFT(n);
    for (const repeat of [1, 2]) { // the buffers of the first are used again
      fft.transform(x);
      for (let k = 0; k <= n / 2; k += Math.max(1, n / 16)) {
        let re = 0, im = 0;
        for (let i = 0; i < n; i++) {
          re += x[i] * Math.cos((2 * Math.PI * i * k) / n);
          im -= x[i] * Math.sin((2 * Math.PI * i * k) / n);
        }
        assert.ok(Math.hypot(fft.re[k] - re, fft.im[k] - im) < 1e-9, `n ${n}, bin ${k}, time ${repeat}`);
      }
    }
  }
});

test("what is heard is the recording, or p y(1) + (1 - p) y(0)", () => {
  assert.deepEqual(mixOf("recorded", 0.6), { key: "raw", raw: 1, zero: 0, one: 0 });
  assert.deepEqual(mixOf("denoised", 0), mixOf("recorded", 0)); // strength 0 bypasses
  assert.deepEqual(mixOf("denoised", 0.25), { key: "y0.2500", raw: 0, zero: 0.75, one: 0.25 });
  assert.notEqual(mixOf("denoised", 0.25).key, mixOf("denoised", 0.26).key);
});

test("levels are floored at -100 dB, inside the stretch only", () => {
  const values = new Float32Array([1, 0.1, 0, 1e-12, 5]);
  powerToDb(values, 0, 4);
  assert.deepEqual([...values], [0, -10, -100, -100, 5]);
});
