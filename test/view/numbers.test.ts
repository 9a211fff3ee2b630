import test from "ava";
import { short } from "../../src/view/numbers.js";

test("numbers without an end are shortened where they stand; what people write stays", (t) => {
  t.is(short("[0.75,1.3333333333333333]"), "[0.75,1.3333]");
  t.is(short("1.2345678901234567e-7"), "1.2346e-7");
  t.is(short("-0.6666666666666666"), "-0.66667");
  for (const text of ["0.00015", "[0.4914,0.4822,0.4465]", "0.0714285", "resnet8", "65536", "2026-11-25T04:00:00Z"])
    t.is(short(text), text);
});
