import { join } from 'node:path';
import type { BundleVersionView } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import { packBundle } from '@countersign/policy/inbound/bundle-archive';
import { BundleError, bundleDigest, parseBundle, readBundleFiles } from '@countersign/policy/inbound/bundle-files';
import type { BundleFile } from '@countersign/policy/inbound/bundle-files';
import { CannotRun } from '../errors.ts';
import { Refused } from '../people/client.ts';
import { personCommand } from '../people/command.ts';
import { id, inertLine } from '../people/inert.ts';
import { authors, loosenedLines, now, statusOf, tenant } from './lifecycle.ts';

const usage = 'countersign policy publish DIR [--as PERSON] [--json]';

/** Signs a folder's files as their author and publishes them; nothing is in force by that. */
export const publish = personCommand(usage, {}, async (session) => {
  const [dir, ...more] = session.positionals;
  if (dir === undefined || more.length > 0) throw new CannotRun(`Say which folder.\nUsage: ${usage}`);
  const { files, version } = await filesIn(dir);
  const actor = session.as(authors);
  const digest = bundleDigest(files);
  const { name } = await statusOf(actor);
  const jws = signPersonStatement('bundle', { sub: actor.person, tenant, bundle: name, version, digest, iat: now() }, actor.key);
  const view = await actor.client.request<BundleVersionView>('policy', 'POST', '/policy/bundles', { archive: packBundle(files), jws });
  const loosened = view.comparison?.loosened ?? [];
  session.show(view, [
    `${id(view.version)} is published by ${actor.person}: ${view.digest}. Nothing is in force by that.`,
    ...view.notes.map((note) => `  note: ${inertLine(note)}`),
    ...(loosened.length === 0 ? ['It asks nowhere less than what is active: one person may activate it.'] : ['It asks less than what is active here; a second person has to review it:', ...loosenedLines(loosened)]),
    `Go on with: countersign policy shadow ${view.version}   or   activate ${view.version}${loosened.length === 0 ? '' : `   and   review ${view.version} --reason TEXT`}`,
  ]);
});

const filesIn = async (dir: string): Promise<{ readonly files: readonly BundleFile[]; readonly version: string }> => {
  try {
    const files = await readBundleFiles(dir);
    return { files, version: parseBundle(files).spec.version };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new Refused('bundle_invalid', `nothing was published:\n${error.message.split('\n').map((line) => (line.startsWith(dir) ? line : join(dir, line))).join('\n')}`, 422, false);
  }
};
