import { describe, expect, it } from '@jest/globals';
import type { GrantorDefinition, RoleDefinition, TemplateDefinition } from '@countersign/contracts';
import { boundsOf, excess, givenTo, grantorWidens, templateWidens } from './grants.ts';

const role = (...tools: string[]): RoleDefinition => ({ title: 'r', owner: 'olga', permissions: [{ permission: 'p', tools }] });
const roles = new Map([['payer', role('pay.*')], ['root', role('*')]]);
const bound: GrantorDefinition = { roles: ['finance.*'], tools: ['pay.*'], ceiling: 1, environments: ['test', 'staging-*'], limits: { calls: 100, money: { minor: 5_000, currency: 'EUR' } }, runtimeTrusted: false };
const agent = { roles: ['payer'], permissions: ['pay.x'], ceiling: 1 as const, environment: 'test', limits: bound.limits, runtimeTrusted: false };
const lead = boundsOf(['lead'], new Map([['lead', bound]]));
const over = (more: object, bounds = lead) => excess(givenTo({ ...agent, ...more }), bounds, roles);

describe('what somebody may give', () => {
  it('is what lies within their bound in every way; the excess is listed', () => {
    expect(over({})).toEqual([]);
    expect(over({ environment: 'staging-eu', limits: { calls: 0, money: { minor: 0, currency: 'EUR' } } })).toEqual([]);
    expect(over({ roles: ['root', 'ghost'], permissions: ['wipe'], ceiling: 2 })).toEqual(['role root (*)', 'role ghost', 'tool wipe', 'ceiling 2']);
  });
  it.each<[string, object, string]>([
    ['more calls', { limits: { ...bound.limits, calls: 101 } }, 'limits of 101 calls and 50.00 EUR in a run'], ['more money', { limits: { calls: 1, money: { minor: 5_001, currency: 'EUR' } } }, 'limits of 1 calls and 50.01 EUR'],
    ['money of another currency', { limits: { calls: 1, money: { minor: 1, currency: 'KWD' } } }, 'limits of 1 calls and 0.001 KWD'], ['any amount of money', { limits: { calls: 1, money: null } }, 'any amount of money'],
    ['another environment', { environment: 'production' }, 'environment production'], ['a trusted runtime', { runtimeTrusted: true }, 'a trusted runtime'], ['acting alone', { ceiling: 2 }, 'ceiling 2'],
  ])('is not %s', (_, more, way) => expect(over(more)).toEqual([expect.stringContaining(way)]));

  it('is within one bound whole: two of them lend nothing to each other', () => {
    const both = boundsOf(['lead', 'reader'], new Map([['lead', bound], ['reader', { ...bound, tools: ['read'], environments: ['production'], ceiling: 2 as const }]]));
    expect(over({ roles: [], permissions: ['pay.x'] }, both)).toEqual([]);
    expect(over({ roles: [], permissions: ['read'], environment: 'production', ceiling: 2 }, both)).toEqual([]);
    expect(over({ roles: [], permissions: ['pay.x'], environment: 'production', ceiling: 2 }, both)).toEqual(['tool pay.x']);
  });
  it('is nothing for whom nobody declared a bound, or a bound that says nothing of where', () => {
    expect(over({ roles: [], permissions: [] }, boundsOf(['guest'], new Map()))).toEqual(['ceiling 1', 'environment test', expect.stringContaining('limits of')]);
    const { environments: _, limits: _limits, runtimeTrusted: _trusted, ...old } = bound;
    expect(over({}, boundsOf(['lead'], new Map([['lead', old as GrantorDefinition]])))).toEqual(['environment test', expect.stringContaining('limits of')]);
  });
  it('is everything for an operator, until a bound is declared for operators', () => {
    expect(over({ roles: ['root'], environment: 'production' }, boundsOf(['operator'], new Map()))).toEqual([]);
    expect(over({ environment: 'production' }, boundsOf(['operator'], new Map([['operator', bound]])))).toEqual(['environment production']);
  });
  it('is, for a role that agents have already, held to where these agents act', () => {
    const given = { roles: [], permissions: ['pay.y'], frames: givenTo(agent).frames };
    expect(excess(given, lead, roles)).toEqual([]);
    expect(excess({ ...given, frames: [...given.frames, ...givenTo({ ...agent, environment: 'production' }).frames] }, lead, roles)).toEqual(['environment production']);
  });
});

describe('a bound', () => {
  it('is never the word of one: the first one widens in all that it lets be given', () => {
    expect(grantorWidens('lead', undefined, { ...bound, runtimeTrusted: true })).toEqual(['may give roles finance.*', 'may give tools pay.*', 'may give ceiling 1', 'may give environment test', 'may give environment staging-*', expect.stringContaining('may give limits of 100 calls'), 'may give a trusted runtime']);
    expect(grantorWidens('lead', undefined, { ...bound, roles: [], tools: [], environments: [], limits: { calls: 0, money: { minor: 0, currency: 'EUR' } } })).not.toEqual([]);
    expect(grantorWidens('operator', undefined, bound)).toContain('people with the role operator may no longer give anything, but this alone');
  });
  it.each<[string, Partial<GrantorDefinition>, boolean]>([
    ['a role more', { roles: ['finance.*', 'desk'] }, true], ['a tool more', { tools: ['*'] }, true], ['a higher ceiling', { ceiling: 2 }, true], ['an environment more', { environments: ['*'] }, true], ['more calls', { limits: { ...bound.limits, calls: 200 } }, true],
    ['any amount', { limits: { ...bound.limits, money: null } }, true], ['a trusted runtime', { runtimeTrusted: true }, true], ['less of everything', { roles: [], tools: ['pay.one'], environments: ['test'], limits: { calls: 1, money: { minor: 1, currency: 'EUR' } } }, false],
  ])('with %s', (_, more, widens) => expect(grantorWidens('lead', bound, { ...bound, ...more }).length > 0).toBe(widens));
});

describe('a template', () => {
  const before: TemplateDefinition = { title: 't', roles: ['payer'], ceiling: 1, environment: 'test', limits: bound.limits, fields: ['agent', 'owner'] };
  it.each<[string, Partial<TemplateDefinition>]>([
    ['a role more', { roles: ['payer', 'root'] }], ['a higher ceiling', { ceiling: 2 }], ['another environment', { environment: 'production' }], ['larger limits', { limits: { calls: 100, money: null } }], ['fewer fields', { fields: ['agent'] }],
  ])('that was declared gives more by %s', (_, more) => expect(templateWidens(before, { ...before, ...more })).toHaveLength(1));
  it('gives no more by less', () => expect(templateWidens(before, { ...before, limits: { calls: 1, money: { minor: 1, currency: 'EUR' } }, fields: ['agent', 'owner', 'purpose'] })).toEqual([]));
});
