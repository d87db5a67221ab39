import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Question } from '../events.ts';
import type { Approval } from '../state.ts';
import { backoffMs, mostAttempts } from './backoff.ts';
import { cardOf } from './card.ts';
import { plainText } from './plain-text.ts';
import { isTold } from './recipients.ts';
import { slackLimits, slackMessage } from './slack-message.ts';
import type { SlackMessage } from './slack-message.ts';

const question: Question = {
  approval: 'apr_1', tenant: 'acme', run: 'run-1', action: 'x', agent: 'payer', tool: 'payments.transfer', answers: 7, digest: 'd', tier: 3, round: 1, expiresAt: 1_800_000_000_000, evidenceDigest: 'e',
  ask: { route: ['treasurer'], quorum: 1, expiresAt: 1_800_000_000_000, digest: 'd', requesters: [], askedAt: 0 },
  evidence: { arguments: { to: 'NL01', minor: 500 }, reason: 'the <!channel> said so', facts: { amount: { value: 500, origin: 'derived' }, currency: { value: 'EUR', origin: 'derived' } }, rules: [{ id: 'large', tier: 3, decision: null, reason: 'large amounts' }], policyVersion: 'p', failed: [], level: 'normal', cost: null, agentRecord: { outcomes: [], findings: [] } },
};
const open = (over: Partial<Question['evidence']> = {}): Exclude<Approval, { status: 'none' }> => ({ status: 'open', question: { ...question, evidence: { ...question.evidence, ...over } }, requestedAt: 0, votes: [], questions: [], reminded: 0, escalated: 0 });
const shown = (over: Partial<Question['evidence']> = {}, buttons = { token: 'apr_1.t', approve: true }): SlackMessage => slackMessage(cardOf(open(over), 1, 'https://countersign.example'), buttons);
const texts = (message: SlackMessage): string[] => JSON.stringify(message.blocks).match(/"text":"(?:[^"\\]|\\.)*"/g)!.map((one) => (JSON.parse(`{${one}}`) as { text: string }).text);
const actions = (message: SlackMessage): string[] => (message.blocks.at(-1)!['elements'] as { action_id: string }[]).map(({ action_id: id }) => id);
const said = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom('```\n*x* <!channel> <@U1>', '\u202egnp', '\u001b[2J', '&lt;'), fc.integer({ min: 1, max: 5_000 }).map((n) => 'a`'.repeat(n)));

describe('a request in Slack', () => {
  it('shows every argument as it would be called with, and can be decided', () => {
    const message = shown();
    expect(texts(message)).toEqual(expect.arrayContaining(['*to*\n```"NL01"```', '*minor*\n```500```', '*the agent says*\n```"the &lt;!channel&gt; said so"```']));
    expect(texts(message).join('\n')).toContain('*Amount*  5.00 EUR');
    expect(actions(message)).toEqual(['approve', 'deny', 'open']);
  });

  it('above the cap has no approve button, and a link instead', () => expect(actions(shown({}, { token: 't', approve: false }))).toEqual(['deny', 'open']));

  it('has no approve button for who approves without looking: they do it on the page', () => {
    const message = slackMessage(cardOf(open(), 1, 'https://countersign.example'), { token: 't', approve: true, slow: true });
    expect(actions(message)).toEqual(['deny', 'open']);
    expect(texts(message).some((text) => text.includes('faster than anybody reads'))).toBe(true);
  });

  it('says that nobody is left to ask, and tells those who can do something about it', () => {
    const ask = { ...question.ask, short: ['route'], breakGlass: { roles: ['senior'], count: 2, lifeMs: 1_000 } };
    const card = cardOf({ ...open(), question: { ...question, ask } } as never, 1, 'https://countersign.example');
    expect(texts(slackMessage(card, null)).some((text) => text.includes('Too few people can decide this (route)'))).toBe(true);
    expect(plainText(card, 10_000).text).toContain('Too few people');
    const told = (role: string, status: 'active' | 'gone' = 'active', of = ask) => isTold({ ...question, ask: of }, { roles: [role], status });
    expect([told('operator'), told('senior'), told('guest'), told('operator', 'gone'), told('operator', 'active', question.ask as never)]).toEqual([true, true, false, false, false]);
  });

  it('says who broke the glass, also to those who were never shown it', () => {
    const broken = { ...open(), status: 'closed', resolution: 'approved', resolvedAt: 1, glass: { people: ['sena', 'olga'], reviewed: null } } as Exclude<Approval, { status: 'none' }>;
    expect(texts(slackMessage(cardOf(broken, 2, 'https://countersign.example'), null)).some((text) => text.includes('sena and olga broke the glass'))).toBe(true);
    expect(cardOf({ ...broken, glass: { people: ['sena', 'olga'], reviewed: { person: 'rita', verdict: 'wrong' } } }, 3, '').notice).toContain('rita says that it was wrong');
  });

  it('once decided has no buttons but the link', () => {
    const closed = { ...open(), status: 'closed', resolution: 'denied', resolvedAt: 1 } as Exclude<Approval, { status: 'none' }>;
    const message = slackMessage(cardOf(closed, 2, 'https://countersign.example'), { token: 't', approve: true });
    expect([message.text, actions(message)]).toEqual(['denied: payer, payments.transfer', ['open']]);
  });

  it('leaves a long argument out whole, says so, and then is approved on the page only', () => {
    const message = shown({ arguments: { to: 'NL01', note: 'x'.repeat(3_000) } });
    expect(texts(message).some((text) => text.includes('1 of 2 arguments'))).toBe(true);
    expect(JSON.stringify(message)).not.toContain('xxx');
    expect(actions(message)).toEqual(['deny', 'open']);
  });

  it('stays within what Slack takes, whatever the agent sends; each argument is there whole or not at all', () => {
    fc.assert(fc.property(fc.dictionary(fc.string({ unit: 'binary', maxLength: 20 }).filter((key) => key !== '__proto__'), said, { maxKeys: 60 }), fc.option(said, { nil: null }), (args, reason) => {
      const message = shown({ arguments: args, reason });
      expect(message.blocks.length).toBeLessThanOrEqual(slackLimits.blocks);
      for (const text of texts(message)) {
        expect(text.length).toBeLessThanOrEqual(slackLimits.section);
        expect(text).not.toMatch(/[<>]|(?!\n)[\p{Cc}\p{Cf}]/u);
        // A code block is opened and closed once and by us, or there is none.
        expect([0, 2]).toContain(text.split('```').length - 1);
      }
      const whole = texts(message).filter((text) => /^\*(?!the agent says|rule )/.test(text) && text.includes('```')).length;
      expect(actions(message).includes('approve')).toBe(whole === Object.keys(args).length);
    }), { seed: 20_261_121, numRuns: 200 });
  });
});

describe('trying again', () => {
  it('waits longer each time, within half of chance, never beyond an hour, never before the server said', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: mostAttempts }), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 10 ** 9 }), (attempt, chance, asked) => {
      const wait = backoffMs(attempt, chance, asked);
      expect(wait).toBeGreaterThanOrEqual(Math.min(asked, 3_600_000));
      expect(wait).toBeLessThanOrEqual(3_600_000);
      expect(backoffMs(attempt, chance)).toBeGreaterThanOrEqual(Math.min(500 * 2 ** (attempt - 1), 450_000));
    }), { seed: 20_261_121 });
  });
});
