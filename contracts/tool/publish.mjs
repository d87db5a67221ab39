// Freezes the contracts as they stand into contracts/published/v1. Refuses an incompatible change; `--unreleased` overrides that, for as long as nobody outside builds on v1.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareAll, loadPublished, publishedDir, report } from './compat.mjs';
import { loadSchemas } from './load.mjs';
import { loadErrors, loadTopics } from './tables.mjs';

const first = !existsSync(join(publishedDir, 'schemas.json'));
const problems = first ? [] : compareAll(loadPublished());
if (problems.length && !process.argv.includes('--unreleased')) {
  process.stderr.write(report(problems));
  process.exit(1);
}
const entries = loadSchemas();
const write = (name, value) => writeFileSync(join(publishedDir, `${name}.json`), `${JSON.stringify(value, null, 1)}\n`);
mkdirSync(publishedDir, { recursive: true });
write('schemas', entries.map(({ id, context, name, schema }) => ({ id, context, name, schema })));
write('examples', entries.filter((entry) => entry.examples).flatMap(({ name, examples }) => examples.valid.map((example) => ({ type: name, ...example }))));
write('errors', loadErrors());
write('topics', loadTopics());
process.stderr.write(`published ${entries.length} schemas\n`);
