import type { PutToolRequest } from '@countersign/contracts';
import { fileURLToPath } from 'node:url';

/** Where every tool of the desk is guarded. */
export const audience = 'desk-server';
export const rulesFolder = fileURLToPath(new URL('./desk', import.meta.url));

const text = { type: 'string', minLength: 1, maxLength: 200 };
const closed = (properties: Record<string, object>) => ({ type: 'object', additionalProperties: false, required: Object.keys(properties), properties }) as unknown as PutToolRequest['schema'];
/** A tool of the desk with a closed schema of required arguments; `change` what is unlike the rest. */
export const deskTool = (title: string, properties: Record<string, object>, change: Partial<PutToolRequest>): PutToolRequest => ({
  system: 'desk', title, schema: closed(properties), consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered',
  audience, facts: {}, resultTrust: 'record', resultFields: {}, ...change,
});
const money = { to: { type: 'string', minLength: 1, maxLength: 34 }, minor: { type: 'integer', minimum: 1, maximum: 100_000_000 } };
const payment = { target: '[args.to]', amount: 'args.minor', currency: "'EUR'" };

/** A desk with one tool for each tier and decision; the folder desk/ beside this has its rules. */
export const deskTools: Readonly<Record<string, PutToolRequest>> = {
  'desk.read': deskTool('Reads a note', { note: text }, { consequential: false }),
  'desk.write': deskTool('Writes a note', { note: text, text }, { compensator: 'desk.write', facts: { target: '[args.note]' } }),
  'desk.transfer': deskTool('Pays for good', money, { reversible: false, facts: payment }),
  'desk.rush': deskTool('Pays for good; who approves has a moment', money, { reversible: false, facts: payment }),
  'desk.wipe': deskTool('Deletes everything', { what: text }, { reversible: false, facts: { target: '[args.what]' } }),
  'desk.forbidden': deskTool('What no agent may do', { note: text }, { compensator: 'desk.write', facts: { target: '[args.note]' } }),
};
