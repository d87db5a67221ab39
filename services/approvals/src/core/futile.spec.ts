import { describe, expect, it } from '@jest/globals';
import type { PreApprovalTerms } from '@countersign/kernel';
import { futile } from './futile.ts';
import type { Named } from './futile.ts';

const euros = (minor: number) => ({ minor, currency: 'EUR' });
const terms = (over: Partial<PreApprovalTerms> = {}): PreApprovalTerms => ({ tenant: 'acme', agent: 'teller', tool: 'desk.credit', targets: ['NL01'], amount: euros(500), sum: euros(800), uses: 5, from: 0, until: 3_600, ...over });
const tool = (over: object = {}): NonNullable<Named['tool']> => ({
  reversible: true, system: 'desk', facts: { target: '[args.to]', amount: 'args.minor', currency: 'args.currency' },
  schema: { type: 'object', required: ['to', 'minor', 'currency'], properties: { to: { type: 'string' }, minor: { type: 'integer', minimum: 100 }, currency: { type: 'string', enum: ['EUR'] } } }, ...over,
});
const agent = (over: object = {}): NonNullable<Named['agent']> => ({ status: 'active', permissions: ['desk.*'], ...over });

describe('what is agreed to beforehand', () => {
  it('may cover something', () => {
    expect(futile(terms(), { tool: tool(), agent: agent() })).toBeNull();
    // Where the catalogue does not say it outright, nobody guesses.
    expect(futile(terms({ amount: undefined, sum: undefined }), { tool: tool({ facts: { target: '[args.to]', amount: 'has(args.minor) ? args.minor : null' } }), agent: agent() })).toBeNull();
    expect(futile(terms(), { tool: tool(), agent: agent({ status: 'suspended' }) })).toBeNull();
  });

  it.each<[string, PreApprovalTerms, Named, string]>([
    ['a tool that nobody knows', terms(), { tool: undefined, agent: agent() }, 'no tool desk.credit'],
    ['an agent that nobody knows', terms(), { tool: tool(), agent: undefined }, 'no agent teller'],
    ['an agent that is gone for good', terms(), { tool: tool(), agent: agent({ status: 'decommissioned' }) }, 'out of service'],
    ['a tool that the agent may not use', terms(), { tool: tool(), agent: agent({ permissions: ['care.*', 'desk.write'] }) }, 'may not use'],
    ['what cannot be taken back', terms(), { tool: tool({ reversible: false }), agent: agent() }, 'cannot be taken back'],
    ['a target of a tool that has none', terms(), { tool: tool({ facts: {} }), agent: agent() }, 'aimed at nothing'],
    ['no amount for a tool that moves money', terms({ amount: undefined, sum: undefined }), { tool: tool(), agent: agent() }, 'say how much'],
    ['another currency', terms({ amount: { minor: 500, currency: 'USD' }, sum: { minor: 800, currency: 'USD' } }), { tool: tool(), agent: agent() }, 'moves EUR'],
    ['a currency that the catalogue names outright', terms({ amount: { minor: 500, currency: 'USD' }, sum: { minor: 800, currency: 'USD' } }), { tool: tool({ facts: { target: '[args.to]', amount: 'args.minor', currency: "'EUR'" } }), agent: agent() }, 'moves EUR'],
    ['less than the tool ever moves', terms({ amount: euros(99) }), { tool: tool(), agent: agent() }, '1.00 EUR at least'],
    ['less together than the tool ever moves', terms({ sum: euros(99) }), { tool: tool(), agent: agent() }, '1.00 EUR at least'],
  ])('can never cover anything: %s', (_, of, named, why) => expect(futile(of, named)).toContain(why));
});
