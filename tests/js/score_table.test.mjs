import assert from "node:assert/strict";
import { test } from "node:test";

import { barShare, csv, decided, digits } from "../../pages/components/score_table/score_table.js";

test("raw scores have four digits, large ones all before the point", () => {
  const cases = [[0, "0"], [1, "1"], [0.123456, "0.1235"], [-12.3456, "-12.35"], [1234.56, "1235"], [0.0001, "0.0001"],
    [0.000012345, "1.234e-5"], [12345.6, "12346"], [-20000, "-20000"], [1.5e9, "1.5e+9"]];
  for (const [value, text] of cases) assert.equal(digits(value), text);
});

test("a spreadsheet runs nothing of the file", () => {
  const row = { detector: "=1+1", recorded: null, denoised: null, threshold: -1, model_version: "", trained: "" };
  const [, line] = csv([{ name: "Trusted", rows: [row] }], { clip: "@x.wav", sample_rate: 16000 }).split("\n");
  assert.equal(line, "'=1+1,Trusted,,,,,,,,,-1,,,'@x.wav,16000");
});

test("the file holds plain numbers with all their digits", () => {
  const recorded = { margin: 2.5, percentile: 100 / 3, anomaly: true, raw: 1.25e-9 };
  const row = { detector: 'A "b", c', recorded, denoised: null, threshold: 12345.678901234567, model_version: "1a2b", trained: "" };
  const about = { clip: "x, y.wav", sample_rate: 16000, applicable: false, applicability_reason: null };
  const [heads, line] = csv([{ name: "Trusted", rows: [row] }], about).split("\n");
  assert.equal(line, '"A ""b"", c",Trusted,2.5,33.333333333333336,anomaly,0.00000000125,,,,,12345.678901234567,1a2b,,"x, y.wav",16000,false,');
  assert.ok(heads.endsWith("threshold,model_version,trained,clip,sample_rate,applicable,applicability_reason"));
});

test("bars tell large margins apart and end at the edge", () => {
  const shares = [0, 0.5, 4, 8.3, 47.4, 100].map(barShare);
  for (let i = 1; i < shares.length; i++) assert.ok(shares[i] > shares[i - 1] + 0.05, shares);
  assert.equal(barShare(-8.3), barShare(8.3));
  assert.equal(barShare(1e6), 1);
});

test("near its threshold a detector is not sure, on either side", () => {
  assert.equal(decided({ anomaly: true, close: true }), "? not sure");
  assert.equal(decided({ anomaly: false, close: true }), "? not sure");
  assert.equal(decided({ anomaly: true, close: false }), "▲ anomaly");
  assert.equal(decided({ anomaly: false, close: false }), "· normal");
});
