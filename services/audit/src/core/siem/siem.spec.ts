import { describe, expect, it } from '@jest/globals';
import { validateApiActivity } from '@countersign/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { toCef, toSyslog } from './cef.ts';
import { toApiActivity } from './ocsf.ts';
import { wants } from './record.ts';
import type { SiemRecord } from './record.ts';

const origin = 'countersign.test/acme';
const denied: SiemRecord = {
  index: 41, at: 1_793_500_000_005, type: 'countersign.governed.action.decided.v1', run: '0192f5a0-7e1a-7c3e-9a55-3f3c2b1a0d4e', agent: 'payer', action: '0192f5a0-8f00-7a11-8c01-000000000001', tool: 'payments.transfer',
  stream: null, decision: 'deny', tier: 3, code: 'rule_denied', outcome: null, trace: '4bf92f3577b34da6a3ce929d0e0e4736', rules: ['money.large'], people: ['ann'],
};
const bare: SiemRecord = { ...denied, type: 'countersign.audit.rejected.v1', run: null, agent: null, action: null, tool: null, decision: null, tier: null, code: null, trace: null, rules: [], people: [] };
const kinds = [denied, bare, ...(['allow', 'modify', 'defer', 'step_up'] as const).map((decision) => ({ ...denied, decision })), { ...denied, decision: null, outcome: 'succeeded' }, { ...denied, decision: null, outcome: 'failed' }];

describe('an entry as OCSF API Activity', () => {
  it('fits our contract, whatever the entry', () => {
    for (const record of kinds) expect([validateApiActivity(toApiActivity(record, origin)), validateApiActivity.errors]).toEqual([true, null]);
  });

  it('says who wanted what of which tool, and what was decided; deferrals and questions to people too', () => {
    expect(toApiActivity(denied, origin)).toMatchObject({
      class_uid: 6003, status: 'Failure', status_code: 'rule_denied', action: 'Denied', severity: 'Medium', api: { operation: 'payments.transfer' }, actor: { app_uid: 'payer', authorizations: [{ decision: 'deny', policy: { uid: 'money.large' } }] },
      metadata: { uid: 'countersign.test/acme/41', correlation_uid: denied.trace },
    });
    expect(['gap', 'incident', 'reconciled'].map((kind) => toApiActivity({ ...bare, type: `countersign.audit.${kind}.v1` }, origin).severity)).toEqual(['High', 'High', 'Informational']);
    expect(kinds.slice(4, 6).map((record) => toApiActivity(record, origin).status)).toEqual(['Deferred', 'Waiting for people']);
    expect(kinds.slice(6).map((record) => toApiActivity(record, origin).status)).toEqual(['Success', 'Failure']);
  });

  // The published document is not ours to keep here: where it lies beside the clone its objects are asked too (API Activity shares them).
  const published = new URL('../../../../../../shared/data/ocsf/detection_finding.schema.json', import.meta.url);
  (existsSync(published) ? it : it.skip)('is made of objects that fit the published schema of OCSF', () => {
    const { $defs } = JSON.parse(readFileSync(published, 'utf8')) as { $defs: Readonly<Record<string, object>> };
    const fits = (name: string) => new Ajv2020({ strict: false, logger: false }).compile({ $defs, $ref: `#/$defs/${name}` });
    const of = { actor: fits('actor'), metadata: fits('metadata'), api: fits('api'), src_endpoint: fits('network_endpoint') } as const;
    for (const record of kinds) {
      const event = toApiActivity(record, origin);
      for (const name of Object.keys(of) as (keyof typeof of)[]) expect([name, of[name](event[name]), of[name].errors]).toEqual([name, true, null]);
    }
    expect(of.api({ service: {} })).toBe(false);
  });
});

/** A reader of CEF: seven fields up to an unescaped pipe, then names up to an unescaped equals sign. */
const read = (line: string): { head: string[]; extension: [string, string][] } => {
  const head: string[] = [];
  let at = 0;
  for (let field = ''; head.length < 7; at++) {
    if (line[at] === '\\') field += line[++at]!;
    else if (line[at] === '|') { head.push(field); field = ''; } else field += line[at]!;
  }
  const names = [...line.slice(at).matchAll(/(?:^| )([A-Za-z0-9]+)(?<!\\)=/g)];
  return { head, extension: names.map((name, i) => [name[1]!, line.slice(at + name.index + name[0].length, names[i + 1] === undefined ? undefined : at + names[i + 1]!.index)]) };
};

describe('an entry as CEF over syslog', () => {
  it('is one line with its fields', () => {
    expect(toCef(denied, origin)).toBe('CEF:0|Countersign|Countersign|1|action.decided|payer action.decided payments.transfer|6|rt=1793500000005 externalId=41 dvchost=countersign.test/acme cat=countersign.governed.action.decided.v1 act=deny reason=rule_denied suser=ann sproc=payer request=payments.transfer cs1Label=run cs1=0192f5a0-7e1a-7c3e-9a55-3f3c2b1a0d4e cs2Label=action cs2=0192f5a0-8f00-7a11-8c01-000000000001 cs3Label=rules cs3=money.large cs4Label=trace cs4=4bf92f3577b34da6a3ce929d0e0e4736 cn1Label=tier cn1=3');
  });

  it('nothing in a field ends it, begins another event, or forges one', () => {
    const nasty = fc.string({ unit: fc.constantFrom('|', '\\', '=', '\n', '\r', ' ', 'a', '\u2028', '\u202e', '"', 'ü', '\ud800'), maxLength: 30 });
    fc.assert(fc.property(nasty, nasty, nasty, (tool, agent, person) => {
      const evil = { ...denied, tool, agent, people: [`${person} act=allow`] };
      const line = toCef(evil, origin);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      const { head, extension } = read(line);
      expect(head).toHaveLength(7);
      // One act, however many were claimed: an equals sign that somebody wrote is no equals sign.
      expect(extension.filter(([name]) => name === 'act')).toEqual([['act', 'deny']]);
      expect(extension.map(([name]) => name)).toEqual(read(toCef(denied, origin)).extension.map(([name]) => name));
      const message = toSyslog(evil, origin);
      const [length] = message.split(' ', 1);
      expect(Buffer.byteLength(message) - length!.length - 1).toBe(Number(length));
    }), { seed: 11, numRuns: 300 });
  });
});

describe('what a receiver wants', () => {
  it('has to fit every condition that is named', () => {
    expect(wants({}, bare)).toBe(true);
    expect(wants({ types: ['countersign.governed.'], decisions: ['deny', 'defer'], agents: ['payer'], tools: ['payments.transfer'], rules: ['money.large'], minTier: 3 }, denied)).toBe(true);
    for (const filter of [{ types: ['countersign.registry.'] }, { decisions: ['allow'] }, { outcomes: ['failed'] }, { agents: ['other'] }, { tools: ['x'] }, { rules: ['x'] }, { minTier: 4 }]) expect(wants(filter, denied)).toBe(false);
  });
});
