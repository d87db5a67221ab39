import { validateActionCancelled, validateActionOutcome, validateActionProposed, validateActionReversed, validateApprovalResolved, validateCancelRequested, validateFactSupplied, validateRunEnded, validateRunHalted, validateRunResumed, validateRunReturned, validateRunStarted, validateTimerDue } from '@countersign/contracts';
import type { TokenClaims } from '@countersign/contracts';
import { parseStrictJson } from '@countersign/identity';
import type { Fault, RuntimeBody, ServiceBody } from '../core/commands.ts';
import { rememberReceived } from '../outbound/received.ts';
import type { DelegationCheck } from './delegation.ts';
import type { EvidenceCheck } from './evidence.ts';
import type { People } from './people.ts';

type Check = ((value: unknown) => boolean) & { readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null };

const runtimeTypes: Readonly<Record<string, readonly [RuntimeBody['kind'], Check]>> = {
  'countersign.runs.started.v1': ['started', validateRunStarted as Check],
  'countersign.runs.proposed.v1': ['proposed', validateActionProposed as Check],
  'countersign.runs.cancel.v1': ['cancel', validateCancelRequested as Check],
  'countersign.runs.outcome.v1': ['outcome', validateActionOutcome as Check],
  'countersign.runs.ended.v1': ['ended', validateRunEnded as Check],
};
const serviceTypes: Readonly<Record<string, readonly [ServiceBody['kind'], Check]>> = {
  'countersign.runs.resolved.v1': ['resolved', validateApprovalResolved as Check],
  'countersign.runs.halted.v1': ['halted', validateRunHalted as Check],
  'countersign.runs.resumed.v1': ['resumed', validateRunResumed as Check],
  'countersign.runs.cancelled.v1': ['cancelled', validateActionCancelled as Check],
  'countersign.runs.reversed.v1': ['reversed', validateActionReversed as Check],
  'countersign.runs.due.v1': ['due', validateTimerDue as Check],
  'countersign.runs.supplied.v1': ['supplied', validateFactSupplied as Check],
  'countersign.runs.returned.v1': ['returned', validateRunReturned as Check],
};

const fault = (code: string, detail: string): Fault => ({ kind: 'fault', code, detail });

const read = <K extends string>(types: Readonly<Record<string, readonly [K, Check]>>, ceType: string, value: Uint8Array): { readonly kind: K; readonly message: unknown } | Fault => {
  const type = Object.hasOwn(types, ceType) ? types[ceType] : undefined;
  if (type === undefined) return fault('unsupported_type', 'this ce_type is not one the sender may put into the inbox');
  const parsed = parseStrictJson(value, { maxBytes: 131_072 });
  if (!parsed.ok) return fault(parsed.code, parsed.detail);
  const [kind, check] = type;
  if (!check(parsed.value)) {
    const first = check.errors?.[0];
    return fault('invalid_schema', `${first?.instancePath || '/'} ${first?.message ?? 'does not fit the schema'}`.slice(0, 500).toWellFormed());
  }
  // These go on into records, as the texts they were.
  if (kind === 'proposed' || kind === 'outcome') rememberReceived(parsed.value as object, parsed.text);
  return { kind, message: parsed.value };
};

/** The value of a proved runtime message; a fault where it is not what its type says. An instruction's attestation is verified here. */
export const readRuntimeBody = (ceType: string, value: Uint8Array, token: TokenClaims, people: People, now: number, evidence: EvidenceCheck | undefined, delegated: DelegationCheck): RuntimeBody | Fault => {
  const body = read(runtimeTypes, ceType, value) as RuntimeBody | Fault;
  if (body.kind === 'proposed' && evidence !== undefined && body.message.evidence !== undefined && body.message.evidence.length > 0) return { ...body, evidence: evidence(body.message.evidence) };
  if (body.kind !== 'started') return body;
  const child = delegated(body.message, token);
  if (child?.ok === false) return fault('delegation_invalid', child.why);
  if (child !== undefined) return { ...body, attestedBy: child.context.attestedBy, delegation: child.context };
  const { text, attestation } = body.message.instruction;
  if (attestation === null) return { ...body, attestedBy: null };
  const attested = people.attests(attestation, text, token, now);
  return attested.ok ? { ...body, attestedBy: attested.person } : fault('instruction_invalid', attested.why);
};

/** The value of a service's message; the votes of an approval, and who supplies a fact for the run, are verified here. */
export const readServiceBody = (ceType: string, value: Uint8Array, of: { readonly tenant: string; readonly run: string }, people: People, now: number): ServiceBody | Fault => {
  const body = read(serviceTypes, ceType, value) as ServiceBody | Fault;
  if (body.kind === 'supplied') return { ...body, supplier: people.checkSupplier(body.message, of, now) };
  return body.kind === 'resolved' ? { ...body, votes: people.checkVotes(body.message, now), editor: people.checkEditor(body.message, now) } : body;
};
