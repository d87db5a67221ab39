import type { ReviewList, ReviewView } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { Refused } from './client.ts';
import { personCommand } from './command.ts';
import { inert } from './inert.ts';

const lines = (one: ReviewView): string[] => [
  `${one.run} ${one.action}  ${inert(one.tool)}  ${new Date(one.at).toISOString()}`, `  asked: ${inert(one.instruction)}`, `  did:   ${inert(JSON.stringify(one.arguments))}`, '',
];

const reviewsUsage = 'countersign reviews [--as PERSON] [--json]';
const reviewUsage = 'countersign review RUN ACTION --verdict right|wrong --reason TEXT [--as PERSON] [--json]';

export const reviews = personCommand(reviewsUsage, {}, async (session) => {
  const { client } = session.as(['reviewer', 'approver']);
  const list = await client.request<ReviewList>('approvals', 'GET', '/reviews');
  session.show(list, list.reviews.length === 0 ? ['Nothing waits for a review.'] : list.reviews.flatMap(lines));
});

export const review = personCommand(reviewUsage, { verdict: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
  const [run, action] = session.positionals;
  const verdict = session.needed('verdict');
  if (run === undefined || action === undefined || session.positionals.length > 2) throw new CannotRun(`Name a run and an action. Usage: ${reviewUsage}`);
  if (verdict !== 'right' && verdict !== 'wrong') throw new CannotRun(`--verdict is right or wrong, not "${verdict}".`);
  const reason = session.needed('reason');
  const { person, key, client } = session.as(['reviewer', 'approver']);
  const shown = (await client.request<ReviewList>('approvals', 'GET', '/reviews')).reviews.find((one) => one.run === run && one.action === action);
  if (shown === undefined) throw new Refused('not_found', 'nothing of this run and action waits for a review', 404, false);
  const { tool, instruction, arguments: args, digest } = shown;
  const tenant = process.env['CS_TENANT'] ?? 'acme';
  if (argumentsDigest({ tenant, run, action, tool, instruction, arguments: args }) !== digest) throw new Refused('digest_mismatch', 'what is shown is not what would be signed: nothing was signed', 409, false);
  const jws = signPersonStatement('review', { sub: person, tenant, run, action, digest, verdict, reason, iat: Math.floor(Date.now() / 1000) }, key);
  const given = await client.request<ReviewView>('approvals', 'POST', '/reviews', { jws });
  session.show({ ...given, verdict }, [...lines(given), `Your verdict stands: ${verdict}.`]);
});
