import assert from "node:assert/strict";
import { test } from "node:test";

import { digits } from "../../pages/components/score_table/score_table.js";

test("raw scores have four digits, as %.4g has them", () => {
  const cases = [[0, "0"], [1, "1"], [0.123456, "0.1235"], [-12.3456, "-12.35"], [1234.56, "1235"], [0.0001, "0.0001"],
    [0.000012345, "1.234e-5"], [12346, "1.235e+4"], [20000, "2e+4"]];
  for (const [value, text] of cases) assert.equal(digits(value), text);
});
