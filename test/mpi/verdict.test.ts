/** What is said of processes that are killed, stopped, cut off or hung. */
import test from "ava";
import fc from "fast-check";
import { type Heard, verdict } from "../../src/mpi/pulse/verdict.js";

const patience = { silence: 30, stall: 600 };
const well = (rank: number): Heard => ({
  ...{
    rank,
    host: `m${rank}`,
    pid: 10 + rank,
    state: "here",
    heardAt: 1000,
    movedAt: 1000,
    since: "step 4",
    waits: true,
  },
});

test("processes that are heard and come on are well, however long one of them takes alone", (t) => {
  t.is(verdict([well(0), well(1)], 1001, patience), null);
  const slow = [
    { ...well(0), movedAt: 900 },
    { ...well(1), movedAt: 401 },
  ];
  t.is(verdict(slow, 1001, patience), null);
});

test("a process that is gone, silent or hung is named, with its machine and what befell it", (t) => {
  const gone = [well(0), { ...well(1), state: "gone" as const }];
  t.is(
    verdict(gone, 1001, patience),
    "process 1, on m1 (PID 11), has ended without a word: it was killed, or its machine went down",
  );
  const silent = [well(0), { ...well(1), heardAt: 969 }];
  t.is(
    verdict(silent, 1000, patience),
    "process 1, on m1 (PID 11), has not been heard of for 31 s: it is stopped, or its machine or the link to it is lost",
  );
  const hung = [
    { ...well(0), movedAt: 300 },
    { ...well(1), movedAt: 200, waits: false },
  ];
  t.is(verdict(hung, 1000, patience), "process 1, on m1 (PID 11), has not come on for 11 min 40 s since step 4");
  const circle = [
    { ...well(0), movedAt: 300 },
    { ...well(1), movedAt: 300 },
  ];
  t.regex(verdict(circle, 1000, patience) ?? "", /no process has come on for .* waits for the others/);
});

test("who has said that it ends is not missed, and never blamed", (t) => {
  const left = fc.record({ heardAt: fc.nat(2000), movedAt: fc.nat(2000) });
  fc.assert(
    fc.property(left, (times) => verdict([well(0), { ...well(1), ...times, state: "left" }], 1001, patience) === null),
  );
  t.pass();
});
