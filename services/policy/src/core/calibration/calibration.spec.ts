import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { brierScore, calibrationOf, expectedCalibrationError, reliabilityCurve } from './reliability.ts';
import { numbersFrom } from './resample.ts';
import { proposeThreshold } from './threshold.ts';
import { accuracy, effectiveSize, wilson } from './weighted.ts';
import type { Outcome } from './weighted.ts';

const seeded = { seed: 11, numRuns: 20 };
const seeds = fc.integer({ min: 1, max: 2 ** 31 });
/** A simulated agent: says how sure it is, and is right as often as `truth` makes of that. */
const simulate = (seed: number, n: number, truth: (confidence: number) => number): Outcome[] => {
  const next = numbersFrom(seed);
  return Array.from({ length: n }, () => {
    const confidence = next();
    return { confidence, right: next() < truth(confidence), weight: 1 };
  });
};

describe('calibration of what agents claim', () => {
  it('finds nothing wrong with an agent that knows what it knows', () => {
    fc.assert(fc.property(seeds, (seed) => {
      const outcomes = simulate(seed, 10_000, (confidence) => confidence);
      expect(expectedCalibrationError(outcomes)).toBeLessThan(0.025);
      expect(brierScore(outcomes)).toBeCloseTo(1 / 6, 1);
    }), seeded);
  });

  it('finds the over-confident one and by how much', () => {
    fc.assert(fc.property(seeds, (seed) => {
      const found = calibrationOf(simulate(seed, 1_500, (confidence) => confidence * 0.7))!;
      expect(found.bias).toBeGreaterThan(0.1);
      expect(found.ece).toBeCloseTo(0.15, 1);
      expect(found.eceInterval.low).toBeGreaterThan(0.1);
    }), { ...seeded, numRuns: 3 });
  });

  it('makes a curve whose intervals hold the truth about as often as they say', () => {
    let held = 0, all = 0;
    for (let seed = 1; seed <= 60; seed++) for (const bin of reliabilityCurve(simulate(seed, 1_000, (confidence) => confidence ** 2))) {
      const truth = (bin.to ** 3 - bin.from ** 3) / 3 / (bin.to - bin.from);
      all++;
      if (bin.interval.low <= truth && truth <= bin.interval.high) held++;
    }
    expect(held / all).toBeGreaterThan(0.92);
  });

  it('is not led astray by looking at few of the actions, when it weighs them', () => {
    // Half of the actions are all looked at and mostly wrong; of the other half, mostly right, one in twenty.
    const runs = Array.from({ length: 200 }, (_, seed) => {
      const next = numbersFrom(seed + 1);
      const population = Array.from({ length: 2_000 }, (_unused, i) => ({ confidence: next(), right: next() < (i % 2 === 0 ? 0.3 : 0.9), weight: 1 }));
      const seen = population.flatMap((outcome, i): Outcome[] => (i % 2 === 0 ? [outcome] : next() < 0.05 ? [{ ...outcome, weight: 20 }] : []));
      return { truth: accuracy(population), weighed: accuracy(seen), naive: accuracy(seen.map((outcome) => ({ ...outcome, weight: 1 }))) };
    });
    const mean = (of: (run: typeof runs[number]) => number) => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
    expect(mean((run) => run.weighed)).toBeCloseTo(mean((run) => run.truth), 2);
    expect(Math.abs(mean((run) => run.naive) - mean((run) => run.truth))).toBeGreaterThan(0.2);
  });

  it('does not depend on the order, nor on the scale of the weights', () => {
    const outcome = fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), right: fc.boolean(), weight: fc.double({ min: 0.5, max: 50, noNaN: true }) });
    fc.assert(fc.property(fc.array(outcome, { minLength: 1, maxLength: 60 }), fc.double({ min: 0.1, max: 10, noNaN: true }), (outcomes, scale) => {
      const ece = expectedCalibrationError(outcomes);
      expect(expectedCalibrationError([...outcomes].reverse())).toBeCloseTo(ece, 9);
      expect(expectedCalibrationError(outcomes.map((one) => ({ ...one, weight: one.weight * scale })))).toBeCloseTo(ece, 9);
      expect(ece).toBeLessThanOrEqual(1 + 1e-9);
      expect(effectiveSize(outcomes)).toBeLessThanOrEqual(outcomes.length + 1e-9);
      const curve = reliabilityCurve(outcomes);
      expect(curve.reduce((sum, bin) => sum + bin.outcomes, 0)).toBe(outcomes.length);
      expect(curve.every((bin) => bin.claimed >= bin.from - 1e-9 && bin.claimed <= bin.to + 1e-9)).toBe(true);
    }), { seed: 11, numRuns: 200 });
  });
});

describe('the proposed threshold', () => {
  it('keeps its promise at least 95 times in 100', () => {
    let broken = 0;
    const truth = (confidence: number) => Math.min(1, 0.5 + confidence / 2);
    for (let seed = 1; seed <= 200; seed++) {
      const found = proposeThreshold(simulate(seed, 2_000, truth), 0.1);
      // Above t, wrong on average (1 − t) / 4: the truth is 0.1 at t = 0.6.
      if (found !== null && (1 - found.confidence) / 4 > 0.1 + 1e-9) broken++;
    }
    expect(broken / 200).toBeLessThanOrEqual(0.05);
  });
  it('is none for an agent whose claims tell nothing, nor from a handful of outcomes', () => {
    expect(proposeThreshold(simulate(3, 5_000, () => 0.5), 0.05)).toBeNull();
    expect(proposeThreshold(simulate(3, 20, () => 1), 0.05)).toBeNull();
  });
});

describe('wilson', () => {
  it('agrees with published values', () => {
    const { low, high } = wilson(0.9, 10);
    expect([low, high].map((value) => value.toFixed(3))).toEqual(['0.596', '0.982']);
    expect(wilson(0.5, 0)).toEqual({ low: 0, high: 1 });
  });
});
