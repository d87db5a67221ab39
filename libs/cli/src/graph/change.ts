import { readFile, writeFile } from 'node:fs/promises';
import type { GraphList } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import type { Session } from '../people/command.ts';
import { inertLine } from '../people/inert.ts';
import { now, reviewers, tenant } from '../policy/lifecycle.ts';

export const changeOptions = { 'dry-run': { type: 'boolean' }, review: { type: 'string' }, sign: { type: 'string' }, reason: { type: 'string' } } as const;

const linesOf = ({ change }: GraphList, verb: string): string[] => (change === undefined ? [] : [
  `${change.given} given: ${change.added} ${verb}added, ${change.changed} ${verb}changed, ${change.removed} ${verb}removed`,
  ...(change.loosened.length === 0 ? [] : ['What is taken away:', ...change.loosened.map((way) => `  ${inertLine(way)}`)]),
]);

/** Sends a change of the graph: as it is, as a question (--dry-run), with a second person's signature (--review), or to sign it as that person (--sign). */
export const change = async (session: Session, path: string, body: object, more: object = {}, about: readonly string[] = []): Promise<void> => {
  const { values } = session;
  const send = (as: ReturnType<Session['as']>, extra: object): Promise<GraphList> => as.client.request<GraphList>('registry', 'POST', path, { ...body, ...extra });
  const show = (answer: GraphList, lines: readonly string[], extra: object = {}): void => session.show({ ...more, change: answer.change, nodes: answer.nodes.length, ...extra }, [...about, ...lines]);
  if (typeof values['sign'] === 'string') {
    const file = values['sign'], reason = session.needed('reason').slice(0, 512);
    const actor = session.as(reviewers);
    const answer = await send(actor, { dryRun: true });
    if (answer.change === undefined || answer.change.loosened.length === 0) throw new CannotRun('Nothing is taken away: no second signature is needed.');
    const jws = signPersonStatement('graph-review', { sub: actor.person, tenant, change: answer.change.digest, reason, iat: now() }, actor.key);
    await writeFile(file, `${jws}\n`, { mode: 0o600 });
    return show(answer, [...linesOf(answer, 'would be '), `${actor.person} signed this change: ${file}`], { signed: file });
  }
  const dryRun = values['dry-run'] === true;
  const review = typeof values['review'] === 'string' ? (await readFile(values['review'], 'utf8').catch((error: Error) => { throw new CannotRun(error.message); })).trim() : undefined;
  const answer = await send(session.as(['operator']), { ...(dryRun && { dryRun }), ...(review !== undefined && { review }) });
  show(answer, [...linesOf(answer, dryRun ? 'would be ' : ''), ...(dryRun ? [] : [`${answer.nodes.length} nodes in the graph`])], { dryRun });
};
