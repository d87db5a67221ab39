import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import { always } from '@countersign/policy/core/backtest/hours';
import { observePage } from './page.ts';
import { createTally, observeReport } from './tally.ts';

const day = 86_400_000, at = Date.UTC(2026, 10, 2, 9);
type Observed = NonNullable<GovernedDecided['observed']>;
const decided = (agent: string, decision: Observed['decision'], over: { readonly now?: number; readonly tier?: Observed['tier']; readonly held?: boolean; readonly money?: number; readonly tool?: string; readonly enforced?: boolean } = {}): GovernedDecided => {
  const { now = at, tier = 3, held = false, money, tool = 'pay.send', enforced = false } = over;
  const observed: Observed = { decision, tier, code: null, until: at + 30 * day, approval: decision === 'step_up' ? { route: ['treasurer'], quorum: 1, expiresInMs: day, requesters: ['ann'] } : null };
  return {
    agent, tool, now, round: 1, decision: { decision: held ? decision : 'allow', tier, ...(!held && !enforced && { mode: 'observe' }), rules: [{ id: `rule-${decision}`, tier, decision: null, reason: 'r' }] },
    reserved: { calls: 1, money: money === undefined ? null : { minor: money, currency: 'EUR' } }, ...(!enforced && { observed }),
  } as unknown as GovernedDecided;
};
const reported = (records: readonly GovernedDecided[], registered: number | null = 300) => {
  const tally = createTally();
  for (const record of records) tally.add(record);
  return observeReport(tally, { from: null, to: null, registered, reviewers: [{ person: 'tess', roles: ['treasurer'] }, { person: 'theo', roles: ['treasurer'] }, { person: 'ann', roles: ['treasurer'] }], assumedMs: 60_000, stated: true, clock: always });
};

describe('the report of what enforcement would have done', () => {
  const records = [
    decided('payer', 'allow'), decided('payer', 'step_up', { money: 500 }), decided('payer', 'step_up', { now: at + day, money: 700 }), decided('payer', 'deny', { money: 900 }), decided('<b>x</b>', 'modify'), decided('mailer', 'defer'), decided('mailer', 'step_up', { tier: 4 }),
    decided('mailer', 'deny', { held: true }), decided('quiet', 'allow', { money: 4 }), decided('other', 'allow', { enforced: true }),
  ];
  const report = reported(records);

  it('counts each decision once, by what would have become of it', () => {
    expect(report.counts).toEqual({ allowed: 2, changed: 1, asked: 2, halted: 1, deferred: 1, denied: 1, stopped: 1 });
    expect(report).toMatchObject({ decisions: 9, enforced: 1, held: { EUR: 2_100 }, agents: { registered: 300, observed: 4, wouldHaveAsked: 2, wouldHaveBeenDenied: 1 } });
    expect(report.byAgent.find(({ agent }) => agent === 'payer')).toMatchObject({ decisions: 4, counts: { allowed: 1, asked: 2, denied: 1 }, held: { EUR: 2_100 }, rules: [{ rule: 'rule-step_up', decisions: 2 }, { rule: 'rule-deny', decisions: 1 }] });
  });

  it('shares the questions of each day among those who may answer: nobody who asked, and as many as there were', () => {
    expect(report.people.asks).toBe(3);
    expect(report.people.days.reduce((sum, { approvals }) => sum + approvals, 0)).toBe(3);
    expect(new Set(report.people.days.map(({ day: of }) => of))).toEqual(new Set(['2026-11-02', '2026-11-03']));
    expect(report.people.days.map(({ person }) => person)).not.toContain('ann');
    expect(report.people.days[0]).toMatchObject({ peakHour: 9, peakQuestions: 2 });
  });

  it('says what to do next, and that little is little', () => {
    expect(report.next[0]).toMatch(/quiet did only what is allowed/);
    expect(report.notes.join(' ')).toMatch(/Only 9 observed decisions/);
    expect(reported([]).next).toEqual(['Observe some agents first: countersign agent observe AGENT --reason TEXT.']);
  });

  it('is a page that calls nothing enforced and runs nothing', () => {
    const page = observePage(report, 'now');
    expect(page).toContain('OBSERVED, NOT ENFORCED');
    expect(page).toContain('2 of 300 agents would have asked people');
    expect(page).not.toContain('<b>x</b>');
    expect(page).not.toContain('<script');
    expect(observePage(reported([]), 'now')).toContain('Nobody would have been asked');
    expect(observePage({ ...reported([]), window: { from: '2026-11-07T14:00:00.000Z', to: null, days: 14 } }, 'now')).toContain('2026-11-07T14:00 UTC');
  });
});
