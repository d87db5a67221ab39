import { describe, expect, it } from '@jest/globals';
import type { BehaviourView, Finding } from '@countersign/contracts';
import { behaviourPage } from './behaviour-page.ts';

const hostile = '<script>alert(1)</script>';
const at = Date.UTC(2026, 10, 21, 12);
const finding: Finding = {
  finding: 'f-0-7', tenant: 'acme', agent: 'payer', run: null, kind: 'behaviour', severity: 'high', impact: 'high', confidence: 0.8, pValue: 0.001, score: 7, explanation: `it went to ${hostile}`, techniques: ['AML.T0086'], events: ['a-1'], repeats: 0, since: at, at: at + 5_000,
  contributions: [{ feature: 'target', nats: 4, observed: 1, expected: 0.1, peerShare: 0, text: 'x' }, { feature: 'sequence', nats: 3, observed: 1, expected: 0.1, peerShare: 0, text: 'y' }],
};
const view: BehaviourView = {
  agent: 'payer', level: 'high', at: at + 10_000,
  hours: Array.from({ length: 168 }, (_, i) => ({ at: at - (167 - i) * 3_600_000, actions: i % 24, failures: 0, expected: i < 24 ? null : 5 })),
  steps: [{ before: '', tool: 'mail.read', times: 200, last: at }, { before: 'mail.read', tool: `pay${hostile}`, times: 1, last: at + 4_000 }, { before: 'mail.read', tool: 'mail.answer', times: 190, last: at - 60_000 }],
  findings: [finding],
};

describe('the picture of an agent', () => {
  const made = behaviourPage(view);
  it('has every hour beside the usual one, and marks the one in which something was found', () => {
    expect(made.match(/<rect class="s1" x/g)).toHaveLength(167);
    expect(made.match(/<rect class="s2" x/g)).toHaveLength(1);
    expect(/<polyline points="([^"]+)"/.exec(made)![1]!.split(' ')).toHaveLength(144);
  });

  it('marks the odd step, and no other', () => {
    expect(made.match(/class="edge"/g)).toHaveLength(2);
    expect(made.match(/class="odd"[^>]*stroke-dasharray/g)).toHaveLength(1);
  });

  it('shows what makes up the score', () => {
    expect(made).toContain('aria-label="What makes up the score of 7.0 nats: target nats 4.0; sequence nats 3.0"');
  });

  it('runs nothing and loads nothing, whatever tools and targets are called', () => {
    expect(made).not.toMatch(/<script|<img|https?:\/\//);
    expect(made).toContain("default-src 'none'");
  });

  it('has a page for an agent that nobody has heard of', () => {
    expect(behaviourPage({ ...view, level: 'normal', hours: [], steps: [], findings: [] })).toContain('Nothing was found.');
  });
});
