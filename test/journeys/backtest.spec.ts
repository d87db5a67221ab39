import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceKeys } from '@countersign/service-host';
import { rulesFolder, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { backtestWith } from '../../libs/cli/src/policy/backtest-command.ts';
import { pageOf } from '../../libs/cli/src/policy/backtest/page.ts';
import { readSettings } from '../../libs/cli/src/policy/backtest/options.ts';
import { approvalFor } from './approval-for.ts';

/** Runs happen on the real thing; then somebody changes a rule and asks what it would have done to them. */
describe('a draft is tried on what happened', () => {
  let whole: Whole;
  let clerk: Agent;
  let dir: string;
  let since: string;
  beforeAll(async () => {
    whole = await startWhole();
    clerk = await whole.agent('clerk');
    since = new Date().toISOString();
    dir = mkdtempSync(join(tmpdir(), 'countersign-journey-'));
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 an amount of 9.50 EUR for the paper, and the printer'));
    await run.propose('desk.read', { note: '7' }).execute(whole.tools.execute('desk.read'));
    await run.propose('desk.write', { note: '8', text: 'hello' }).execute(whole.tools.execute('desk.write'));
    expect(await run.propose('desk.transfer', { to: 'NL77PRNT0000000001', minor: 950 }).decision).toMatchObject({ decision: 'allow', tier: 2 });
    const printer = run.propose('desk.transfer', { to: 'NL01', minor: 900 });
    expect(await printer.decision).toMatchObject({ decision: 'step_up', tier: 3 });
    // Tess asked for it herself: others decide.
    expect(await whole.people.theo.vote(await approvalFor(whole, printer.action), 'deny')).toMatchObject({ status: 200 });
    expect(await printer.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied' });
    const again = run.propose('desk.transfer', { to: 'NL01', minor: 800 });
    await again.decision;
    expect(await whole.people.theo.vote(await approvalFor(whole, again.action), 'approve')).toMatchObject({ status: 200 });
    expect(await again.settled(60_000)).toMatchObject({ decision: 'allow', round: 2 });
    expect(await run.propose('desk.forbidden', { note: '1' }).decision).toMatchObject({ decision: 'deny' });
    await run.end();
    await whole.seen.caughtUp();
  }, 240_000);
  afterAll(async () => { await whole?.close(); if (dir !== undefined) rmSync(dir, { recursive: true, force: true }); });

  const draftOf = (name: string, change: (rules: string) => string): string => {
    const at = join(dir, name);
    cpSync(rulesFolder, at, { recursive: true });
    writeFileSync(join(at, 'bundle.yaml'), readFileSync(join(at, 'bundle.yaml'), 'utf8').replace('desk-1', name));
    writeFileSync(join(at, 'rules/desk.yaml'), change(readFileSync(join(at, 'rules/desk.yaml'), 'utf8')));
    return at;
  };
  const backtest = (bundle: string, ...more: readonly string[]) => {
    const { keys } = serviceKeys(whole.place.secretsDir);
    return backtestWith(readSettings(['--bundle', bundle, '--known', rulesFolder, '--from', since, ...more], Date.now()), { bus: whole.bus, keys });
  };

  const decisions = () => whole.seen.governed().filter(({ kind, agent }) => kind === 'action.decided' && agent === 'clerk');

  it('the rules that decided make every decision again from the record, and change nothing', async () => {
    const report = await backtest(rulesFolder);
    // Two readers of one topic: neither is ahead for long.
    const decided = await until('as many are seen as the report has read', () => { const { length } = decisions(); return length >= report.decisions.read && length; });
    expect(report).toMatchObject({ proof: { ok: true, different: 0, unproven: 0 }, decisions: { read: decided, unknown: 0 }, tightened: 0, loosened: 0 });
    expect(report.decisions.carried).toMatchObject({ approval_denied: 1 });
    expect(report.proof.reproduced).toBe(report.decisions.compared);
  });

  it('a stricter rule shows whom it would ask and what it costs the people the registry knows', async () => {
    const report = await backtest(draftOf('desk-2', (rules) => `${rules}\n- { id: desk.notes, owner: tara@acme, rationale: Notes are seen first., tools: [desk.write], when: tool.consequential, tier: 3 }\n- { id: desk.never, owner: tara@acme, rationale: Not this one., tools: [desk.transfer], when: \"amount == 950\", decision: deny }\n`));
    expect(report).toMatchObject({ proof: { ok: true }, loosened: 0, tightened: 2, total: { changes: { newlyAsked: 1, newlyBlocked: 1 } } });
    expect(report.examples.newlyBlocked).toMatchObject([{ agent: 'clerk', tool: 'desk.transfer', came: ['desk.never'], facts: { amount: 950 } }]);
    expect(report.people.reviewers).toMatchObject({ from: 'given', byRole: { treasurer: 3 } });
    expect(report.people.after.asks).toBe(report.people.before.asks + 1);
    expect(pageOf(report, 'now')).toContain('desk.never');
  });

  it('a looser one lists what would run that did not', async () => {
    const report = await backtest(draftOf('desk-3', (rules) => rules.replace(/- id: desk\.forbidden[\s\S]*$/, '')));
    expect(report).toMatchObject({ proof: { ok: true }, tightened: 0, loosened: 1, examples: { newlyAllowed: [{ tool: 'desk.forbidden', gone: ['desk.forbidden'] }] } });
  });

  it('a rule that reads what nobody recorded leaves those decisions open', async () => {
    const report = await backtest(draftOf('desk-4', (rules) => `${rules}\n- { id: desk.drifts, owner: tara@acme, rationale: It drifts., tools: [desk.write], when: run.drift > 90, tier: 3 }\n`));
    expect(report.missing).toMatchObject([{ what: 'fact run.drift', decisions: 1, rules: ['desk.drifts'], tools: ['desk.write'] }]);
  });

  it('only the stretch of time that was asked for counts', async () => {
    const all = await backtest(rulesFolder);
    const last = Math.max(...decisions().map(({ now }) => now));
    expect((await backtest(rulesFolder, '--to', new Date(last).toISOString())).decisions.read).toBeLessThan(all.decisions.read);
    expect((await backtest(rulesFolder, '--to', new Date(last + 1).toISOString())).decisions.read).toBe(all.decisions.read);
  });
});
