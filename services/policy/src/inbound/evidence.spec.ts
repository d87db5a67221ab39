import { describe, expect, it } from '@jest/globals';
import type { DsseEnvelope, PersonSnapshot } from '@countersign/contracts';
import { argumentsDigest, generateKey, inTotoPayload, signEvidence, subjectOfCall, validationType } from '@countersign/identity';
import type { Statement } from '@countersign/identity';
import { evidenceFacts } from '../core/facts/evidence.ts';
import { createEvidenceCheck } from './evidence.ts';

const carl = generateKey('carl-1'), ci = generateKey('ci-1'), mallory = generateKey('m');
const person: PersonSnapshot = { person: 'carl', tenant: 'acme', version: 1, name: 'Carl', roles: [], status: 'active', keys: [carl.publicJwk] };
const checkAs = (snapshot: PersonSnapshot | undefined) => createEvidenceCheck({ person: (id) => (id === 'carl' ? snapshot : undefined), tenant: 'acme', attestors: () => [{ id: 'ci', keys: [ci.publicJwk] }] });
const check = checkAs(person);

const now = Date.parse('2026-11-21T06:00:00Z');
const hour = 3_600_000;
const args = { service: 'web', build: 'web-212' };
const statement = (over: Partial<Statement> = {}, predicate: object = {}): Statement => ({
  _type: 'https://in-toto.io/Statement/v1', subject: [subjectOfCall('release.deploy', args)], predicateType: validationType,
  predicate: { madeAt: new Date(now - hour).toISOString(), result: 'passed', tested: ['unit', 'smoke'], found: ['slow start', 'leak'], fixed: ['leak'], ...predicate }, ...over,
});
const factsOf = (envelopes: readonly DsseEnvelope[], { at = now, tool = 'release.deploy', of = args as object, artefact = undefined as string[] | undefined, by = check } = {}) =>
  evidenceFacts({ items: by(envelopes), digest: argumentsDigest(of) }, tool, artefact, at, 24 * hour);

describe('signed evidence', () => {
  it.each([['a registered person', carl, 'person:carl'], ['an attestor that the bundle pins', ci, 'attestor:ci']])('of %s counts: what was tested, found, fixed and is open', (_, key, keyid) => {
    expect(factsOf([signEvidence(statement(), key, keyid)])).toEqual({
      'evidence.present': true, 'evidence.verified': true, 'evidence.passed': true, 'evidence.by': [keyid], 'evidence.types': [validationType],
      'evidence.tested': ['unit', 'smoke'], 'evidence.found': ['slow start', 'leak'], 'evidence.fixed': ['leak'], 'evidence.open': ['slow start'], 'evidence.refused': [],
    });
  });

  it('about an artefact counts where the tool says that its call is about that one, by name or by digest', () => {
    const about = (subject: Statement['subject'], artefact: string[]) => factsOf([signEvidence(statement({ subject }), ci, 'attestor:ci')], { artefact })['evidence.verified'];
    const subject = [{ name: 'web-212', digest: { sha256: 'ab'.repeat(32) } }];
    expect([about(subject, ['web-212']), about(subject, [`sha256:${'ab'.repeat(32)}`]), about(subject, ['web-213']), about(subject, [])]).toEqual([true, true, false, false]);
  });

  it('that says the tests failed is verified and not passed, beside one that passed as well', () => {
    const failed = signEvidence(statement({}, { result: 'failed' }), carl, 'person:carl');
    expect(factsOf([signEvidence(statement(), ci, 'attestor:ci'), failed])).toMatchObject({ 'evidence.verified': true, 'evidence.passed': false, 'evidence.by': ['attestor:ci', 'person:carl'] });
  });

  it('of other in-toto types is read as far as it goes: a test result, with its time', () => {
    const result = signEvidence(statement({ predicateType: 'https://in-toto.io/attestation/test-result/v0.1' }, { result: 'PASSED', passedTests: ['a'], failedTests: [], tested: undefined, found: undefined, fixed: undefined }), ci, 'attestor:ci');
    expect(factsOf([result])).toMatchObject({ 'evidence.passed': true, 'evidence.tested': ['a'], 'evidence.types': ['https://in-toto.io/attestation/test-result/v0.1'] });
  });

  const good = signEvidence(statement(), ci, 'attestor:ci');
  const tampered: DsseEnvelope = { ...good, payload: Buffer.from(JSON.stringify(statement({}, { found: [] }))).toString('base64') };
  it.each<[string, DsseEnvelope, Parameters<typeof factsOf>[1], RegExp]>([
    ['signed by nobody we know', signEvidence(statement(), mallory, 'person:mallory'), {}, /no signature of person:mallory/],
    ['signed with another key in a known name', signEvidence(statement(), mallory, 'attestor:ci'), {}, /no signature of attestor:ci/],
    ['signed by a person in the name of an attestor', signEvidence(statement(), carl, 'attestor:ci'), {}, /no signature/],
    ['of a person who is not active any more', signEvidence(statement(), carl, 'person:carl'), { by: checkAs({ ...person, status: 'suspended' as never }) }, /no signature/],
    ['changed after it was signed', tampered, {}, /no signature/],
    ['of another payload type, so that the signature covers something else', { ...good, payloadType: 'text/plain' }, {}, /no signature/],
    ['about other arguments', good, { of: { ...args, build: 'web-213' } }, /something else/],
    ['about another tool', good, { tool: 'release.rollback' }, /something else/],
    ['too old', good, { at: now + 24 * hour }, /too old/],
    ['from the future', signEvidence(statement({}, { madeAt: new Date(now + hour).toISOString() }), ci, 'attestor:ci'), {}, /in the future/],
    ['without its time', signEvidence(statement({}, { madeAt: 'yesterday' }), ci, 'attestor:ci'), {}, /when it was made/],
    ['that is no statement', signEvidence({ ...statement(), _type: 'x' as never }, ci, 'attestor:ci'), {}, /no in-toto/],
  ])('never counts when it is %s', (_, envelope, how, why) => {
    expect(factsOf([envelope], how)).toMatchObject({ 'evidence.present': true, 'evidence.verified': false, 'evidence.passed': false, 'evidence.by': [], 'evidence.tested': [], 'evidence.refused': [expect.stringMatching(why)] });
    // Beside good evidence it adds nothing and takes nothing away.
    const beside = signEvidence(statement({ subject: [subjectOfCall(how?.tool ?? 'release.deploy', (how?.of ?? args) as never)] }, { madeAt: new Date(how?.at ?? now).toISOString(), found: [] }), ci, 'attestor:ci');
    expect(factsOf([envelope, beside], how)).toMatchObject({ 'evidence.verified': true, 'evidence.by': ['attestor:ci'], 'evidence.found': [] });
  });

  it('is bounded and never throws, whatever the bytes say', () => {
    const huge = statement({ subject: Array.from({ length: 100 }, (_, i) => ({ name: `s${i}`, digest: {} })) }, { tested: Array.from({ length: 100 }, () => 'x'.repeat(20)) });
    const [item] = check([signEvidence(huge, ci, 'attestor:ci')]);
    expect([item!.subjects.length, item!.tested.length]).toEqual([32, 64]);
    for (const payload of ['', '!!!', Buffer.from('null').toString('base64'), Buffer.from('{"a":1,"a":2}').toString('base64'), Buffer.from([255, 254]).toString('base64')]) {
      expect(check([{ payloadType: inTotoPayload, payload, signatures: [{ keyid: 'person:__proto__', sig: 'AA==' }, { keyid: '', sig: '' }] }])[0]).toMatchObject({ by: null });
    }
  });
});
