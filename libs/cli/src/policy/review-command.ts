import type { BundleStatusView } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import { Refused } from '../people/client.ts';
import { personCommand } from '../people/command.ts';
import { id } from '../people/inert.ts';
import { loosenedLines, now, onlyVersion, reviewers, statusLines, statusOf, tenant, versionOf } from './lifecycle.ts';

const usage = 'countersign policy review VERSION --reason TEXT [--as PERSON] [--json]';

/** A second person countersigns what a version loosens, for the next activation; the order that waits for it takes effect at once. */
export const review = personCommand(usage, { reason: { type: 'string' } }, async (session) => {
  const version = onlyVersion(session, usage);
  const reason = session.needed('reason').slice(0, 512);
  const looking = session.as([]);
  const [before, view] = [await statusOf(looking), await versionOf(looking, version)];
  if (view.comparison === null) throw new Refused('invalid_transition', `${version} is active: there is nothing to review`, 409, false);
  const actor = session.values['as'] === undefined ? session.as(reviewers, [view.author, before.pending?.by].filter((one) => typeof one === 'string')) : session.as([]);
  const { loosened, counterexample, base } = view.comparison;
  const jws = signPersonStatement('bundle-review', { sub: actor.person, tenant, bundle: before.name, version, digest: view.digest, base, activation: before.activation + 1, counterexample, reason, iat: now() }, actor.key);
  const status = await actor.client.request<BundleStatusView>('policy', 'POST', '/policy/reviews', { jws });
  session.show(status, [
    loosened.length === 0 ? `${actor.person} reviewed ${id(version)}; it asks nowhere less than what is active.` : `${actor.person} reviewed ${id(version)}, and signed that it asks less here:`, ...loosenedLines(loosened),
    ...(status.active.version === version ? ['It is in force now.'] : [`It takes effect with: countersign policy activate ${id(version)}`]), ...statusLines(status),
  ]);
});
