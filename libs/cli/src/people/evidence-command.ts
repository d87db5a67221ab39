import type { DsseEnvelope, JsonObject } from '@countersign/contracts';
import { signEvidence, subjectOfCall, validationType } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { personCommand } from './command.ts';
import type { Session } from './command.ts';

const listOf = (value: string | boolean | undefined): string[] => (typeof value === 'string' ? value.split(',').map((one) => one.trim()).filter((one) => one !== '') : []);

const subjectOf = (session: Session): ReturnType<typeof subjectOfCall> => {
  const { artefact, args } = session.values;
  if (typeof artefact === 'string') {
    const sha256 = session.needed('sha256');
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new CannotRun('--sha256 is the SHA-256 of the artefact, 64 hexadecimal digits.');
    return { name: artefact, digest: { sha256 } };
  }
  if (typeof args !== 'string') throw new CannotRun('Evidence is about something: --tool TOOL --args JSON, or --artefact NAME --sha256 HEX.');
  let value: unknown;
  try { value = JSON.parse(args); } catch (error) { throw new CannotRun(`--args is no JSON: ${(error as Error).message}`); }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CannotRun('--args is an object: the arguments by name.');
  return subjectOfCall(session.needed('tool'), value as JsonObject);
};

/** Prints signed evidence of the person who runs it: one JSON object, with --json or without. */
export const evidence = personCommand('countersign evidence --tool TOOL --args JSON | --artefact NAME --sha256 HEX [--tested A,B] [--found A,B] [--fixed A,B] [--failed] [--as PERSON] [--json]', {
  tool: { type: 'string' }, args: { type: 'string' }, artefact: { type: 'string' }, sha256: { type: 'string' }, tested: { type: 'string' }, found: { type: 'string' }, fixed: { type: 'string' }, failed: { type: 'boolean' },
}, async (session) => {
  const subject = subjectOf(session);
  const { person, key } = session.as([]);
  const made: DsseEnvelope = signEvidence({
    _type: 'https://in-toto.io/Statement/v1', subject: [subject], predicateType: validationType,
    predicate: { madeAt: new Date().toISOString(), result: session.values['failed'] === true ? 'failed' : 'passed', tested: listOf(session.values['tested']), found: listOf(session.values['found']), fixed: listOf(session.values['fixed']) },
  }, key, `person:${person}`);
  session.show(made, [JSON.stringify(made)]);
});
