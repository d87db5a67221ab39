import type { BundleStatusView, BundleVersionView } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import type { BundleOrderStatement } from '@countersign/identity';
import { bundleDigest } from '@countersign/policy/inbound/bundle-files';
import { unpackBundle } from '@countersign/policy/inbound/bundle-archive';
import { CannotRun } from '../errors.ts';
import { Refused } from '../people/client.ts';
import type { Session } from '../people/command.ts';
import { id, inertLine } from '../people/inert.ts';

export type Actor = ReturnType<Session['as']>;
export const tenant = process.env['CS_TENANT'] ?? 'acme';
export const now = (): number => Math.floor(Date.now() / 1000);
export const authors = ['policy-author'], reviewers = ['policy-reviewer'], orderers = [...authors, ...reviewers];

export const statusOf = ({ client }: Pick<Actor, 'client'>): Promise<BundleStatusView> => client.request('policy', 'GET', '/policy/bundles');

/** A version as the service shows it; refuses where its files are not those of its digest, or what is shown is not what would be signed. */
export const versionOf = async ({ client }: Pick<Actor, 'client'>, version: string): Promise<BundleVersionView> => {
  const view = await client.request<BundleVersionView>('policy', 'GET', `/policy/bundles/${encodeURIComponent(version)}`);
  if (view.archive !== null && bundleDigest(unpackBundle(view.archive)) !== view.digest) throw new Refused('digest_mismatch', 'the files that are shown are not those of the digest: nothing was signed', 409, false);
  if (view.comparison !== null && argumentsDigest(view.comparison.loosened as never) !== view.comparison.counterexample) throw new Refused('digest_mismatch', 'the counterexamples that are shown are not those that would be signed: nothing was signed', 409, false);
  return view;
};

/** The one version that is meant. */
export const onlyVersion = ({ positionals }: Session, usage: string): string => {
  const [version, ...more] = positionals;
  if (version === undefined || more.length > 0) throw new CannotRun(`Say which version.\nUsage: ${usage}`);
  return version;
};

/** Signs an order for the next activation on what is active now, and gives it. */
export const order = (actor: Actor, status: BundleStatusView, purpose: BundleOrderStatement['purpose'], { version, digest }: { readonly version: string; readonly digest: string }, percent = 0): Promise<BundleStatusView> => {
  const jws = signPersonStatement('bundle-order', { sub: actor.person, tenant, bundle: status.name, version, digest, base: status.active.digest, activation: status.activation + 1, purpose, percent, iat: now() }, actor.key);
  return actor.client.request('policy', 'POST', '/policy/orders', { jws });
};

type Loosened = NonNullable<BundleVersionView['comparison']>['loosened'][number];
export const loosenedLines = (loosened: readonly Loosened[]): readonly string[] => loosened.flatMap((one) => [
  `  ${inertLine(one.what)}`,
  // Where the comparison found no case, there is nothing to show beside the words.
  ...(one.before === '?' && one.after === '?' ? [] : [`    ${one.tool === null ? '' : `${id(one.tool)}: `}${inertLine(one.before)} -> ${inertLine(one.after)}${one.rule === null ? '' : `   (rule ${id(one.rule)})`}`]),
  ...(one.facts === null ? [] : [`    ${inertLine(JSON.stringify(one.facts))}`]),
]);

const when = (at: number | null): string => (at === null ? '' : new Date(at).toISOString());

/** What is in force, as people read it. */
export const statusLines = (status: BundleStatusView): readonly string[] => {
  const { active, beside, pending, previous } = status;
  return [
    `bundle ${id(status.name)}, activation ${status.activation}`,
    `  active    ${id(active.version)}  ${active.by === null ? 'as installed' : `activation ${active.activation} by ${id(active.by)}${active.reviewedBy === null ? '' : `, reviewed by ${id(active.reviewedBy)}`}  ${when(active.at)}`}`,
    ...(previous === null ? [] : [`  before    ${id(previous.version)}`]),
    ...(beside === null ? [] : [`  beside    ${id(beside.version)}  ${beside.mode}${beside.mode === 'canary' ? ` ${beside.percent} %` : ''} by ${id(beside.by)}  ${when(beside.at)}`]),
    ...(pending === null ? [] : [`  waiting   ${pending.purpose} ${id(pending.version)} by ${id(pending.by)}: a second person has to review it`, ...loosenedLines(pending.comparison.loosened)]),
    ...status.evaluators.map((one) => `  evaluator ${id(one.evaluator)}  activation ${one.activation} ${id(one.version)}  ${when(one.at)}${one.refused === null ? '' : `  REFUSED ${inertLine(one.refused.slice(0, 300))}`}`),
  ];
};
