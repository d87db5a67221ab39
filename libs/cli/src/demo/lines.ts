import type { FiredRule, GovernedDecided, GovernedRecord } from '@countersign/contracts';
import { effectiveArguments } from '@countersign/kernel';
import { id, inert, inertArguments } from '../people/inert.ts';
import { shownMoney } from '../people/money-and-time.ts';

const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8);
const colours = { allow: 32, modify: 32, step_up: 33, defer: 33, deny: 31 } as const;

/** The rule that made the decision what it is: a deny before all, then the highest tier, the company's own before ours. */
export const decisive = (rules: readonly FiredRule[]): FiredRule | undefined => {
  const weight = (rule: FiredRule): number => (rule.decision === 'deny' ? 100 : (rule.tier ?? 0) * 10) + (rule.id.startsWith('builtin:') ? 0 : 1);
  return rules.reduce<FiredRule | undefined>((best, rule) => (best === undefined || weight(rule) > weight(best) ? rule : best), undefined);
};

const why = ({ decision, resolved, reply }: GovernedDecided): string => {
  const rule = decisive(decision.rules);
  const because = rule === undefined ? (decision.code === null ? 'no rule asks for more' : `${id(decision.code)}${reply.detail === null ? '' : `: ${inert(reply.detail, 80).slice(1, -1)}`}`) : id(rule.id);
  return resolved === null ? because : `${because}, ${resolved.resolution} by ${resolved.votes.map(({ person }) => id(person)).join(' and ') || 'nobody'}`;
};

/** What it moves, as people read it: the arguments have minor units, or whatever the tool takes. */
const moves = ({ facts }: GovernedDecided): string => {
  const minor = facts['amount']?.value, currency = facts['currency']?.value;
  return typeof minor === 'number' && typeof currency === 'string' ? `${shownMoney({ minor, currency })}: ` : '';
};

const fit = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width));

/** One line for what people at a terminal want to see of a governed record; undefined for the rest. */
export const lineOf = (record: GovernedRecord, colour: boolean): string | undefined => {
  const paint = (text: string, code: number): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const head = `${clock(record.now)}  ${id(record.agent ?? '-').padEnd(17)}`;
  switch (record.kind) {
    case 'action.decided': {
      const { decision } = record;
      return `${head} ${id(record.tool).padEnd(23)} ${fit(`${moves(record)}${inertArguments(effectiveArguments(record), 30)}`, 76)}  tier ${decision.tier}  ${paint(decision.decision.padEnd(7), colours[decision.decision])}  ${why(record)}`;
    }
    case 'action.outcome': return record.message.status === 'succeeded' ? undefined : `${head} ${id(record.tool).padEnd(23)} ${`outcome ${record.message.status}`.padEnd(76)}  ${record.message.error === null ? '' : inert(record.message.error, 80)}`;
    case 'action.cancelled': return `${head} cancelled action ${id(record.action)} by ${id(record.by)}: ${inert(record.reason, 80)}`;
    case 'run.halted': return `${head} ${paint('run halted', 31)} ${id(record.run ?? '-')} by ${id(record.by)}: ${inert(record.reason, 80)}`;
    case 'run.resumed': return `${head} ${paint('run resumed', 32)} ${id(record.run ?? '-')} by ${id(record.by)}: ${inert(record.reason, 80)}`;
    case 'message.refused': return `${head} ${paint('refused', 31)} ${id(record.code)}: ${inert(record.detail, 80)}`;
    default: return undefined;
  }
};
