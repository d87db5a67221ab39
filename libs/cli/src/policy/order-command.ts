import type { BundleStatusView } from '@countersign/contracts';
import type { BundleOrderStatement } from '@countersign/identity';
import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { Refused } from '../people/client.ts';
import { personCommand } from '../people/command.ts';
import type { Session } from '../people/command.ts';
import { loosenedLines, onlyVersion, order, orderers, statusLines, statusOf, versionOf } from './lifecycle.ts';

type Purpose = BundleOrderStatement['purpose'];
interface Chosen { readonly version: string; readonly digest: string }

/** A signed order; exit code 1 where it does not take effect before a second person has reviewed it. */
const orderCommand = (purpose: Purpose, usage: string, choose: (session: Session, status: BundleStatusView, looking: ReturnType<Session['as']>) => Promise<Chosen>, percentOf: (session: Session) => number = () => 0): Command =>
  personCommand(usage, { percent: { type: 'string' } }, async (session) => {
    const percent = percentOf(session);
    const actor = session.as(orderers);
    const before = await statusOf(actor);
    const chosen = await choose(session, before, actor);
    const status = await order(actor, before, purpose, chosen, percent);
    const { pending } = status;
    session.show(status, statusLines(status));
    if (pending !== null && status.activation === before.activation) {
      throw new Refused('review_required', `${chosen.version} asks less than what is active:\n${loosenedLines(pending.comparison.loosened).join('\n')}\nIt takes effect when a second person says: countersign policy review ${chosen.version} --reason TEXT`, 403, false);
    }
  });

const named = (usage: string) => async (session: Session, _: BundleStatusView, looking: ReturnType<Session['as']>): Promise<Chosen> => versionOf(looking, onlyVersion(session, usage));
const percentFrom = (session: Session): number => {
  const percent = Number(session.needed('percent'));
  if (!Number.isSafeInteger(percent) || percent < 1 || percent > 100) throw new CannotRun('--percent is a whole number from 1 to 100.');
  return percent;
};

export const usages = {
  activate: 'countersign policy activate VERSION [--as PERSON] [--json]',
  shadow: 'countersign policy shadow VERSION [--as PERSON] [--json]',
  canary: 'countersign policy canary VERSION --percent N [--as PERSON] [--json]',
  withdraw: 'countersign policy withdraw [--as PERSON] [--json]',
  rollback: 'countersign policy rollback [--as PERSON] [--json]',
} as const;

export const activate = orderCommand('activate', usages.activate, named(usages.activate));
export const shadow = orderCommand('shadow', usages.shadow, named(usages.shadow));
export const canary = orderCommand('canary', usages.canary, named(usages.canary), percentFrom);
export const withdraw = orderCommand('withdraw', usages.withdraw, async (_, { beside }) => {
  if (beside === null) throw new Refused('invalid_transition', 'nothing stands beside the active version', 409, false);
  return beside;
});
export const rollback = orderCommand('rollback', usages.rollback, async (_, { previous }) => {
  if (previous === null) throw new Refused('invalid_transition', 'nothing was active before', 409, false);
  return previous;
});
