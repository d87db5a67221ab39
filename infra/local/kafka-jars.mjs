// Kafka's own jars, fetched once through Maven, then used from the cache without Maven or network.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { complaints, readList } from './checksums.mjs';
import { cacheDir, root } from './paths.mjs';
import { lacking, say, Trouble } from './say.mjs';

const run = promisify(execFile);
export const kafkaHome = () => join(cacheDir(), 'kafka-4.3.1');
export const jarList = join(root, 'infra/local/kafka/jars.sha256');

/** The JVM to use and its major version; undefined when there is none. */
export async function java() {
  const command = process.env.JAVA_HOME && existsSync(join(process.env.JAVA_HOME, 'bin/java')) ? join(process.env.JAVA_HOME, 'bin/java') : 'java';
  try {
    const { stderr, stdout } = await run(command, ['-version']);
    const text = stderr + stdout;
    return { command, text, major: Number(/version "(\d+)/.exec(text)?.[1] ?? 0) };
  } catch { return undefined; }
}

/** Folder with exactly the listed jars. A cached jar that was changed is refused, never silently replaced. */
export async function kafkaJars() {
  const home = kafkaHome();
  const libs = join(home, 'libs');
  const list = readList(jarList);
  if (existsSync(libs)) {
    const wrong = complaints(libs, list, '.jar');
    if (wrong.length) throw new Trouble(`Kafka's jars in ${libs} are refused: ${wrong.slice(0, 3).join('; ')}. Remove that folder to fetch them again.`);
    return { home, libs, list };
  }
  mkdirSync(home, { recursive: true });
  const fresh = mkdtempSync(join(home, 'fetch-'));
  try {
    say('Fetching Kafka 4.3.1 through Maven (44 MB, once) …');
    await run('mvn', ['-q', '-B', '-f', join(root, 'infra/local/kafka/pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`], { maxBuffer: 1 << 24 })
      .catch((error) => { throw lacking(error.code === 'ENOENT' ? "Kafka's jars are not in the cache and there is no Maven (mvn) to fetch them: install maven, or name a broker in CS_KAFKA_BROKERS." : `Maven could not fetch Kafka: ${`${error.stdout}${error.stderr}`.trim().split('\n').slice(0, 3).join(' ')}`); });
    const wrong = complaints(fresh, list, '.jar');
    if (wrong.length) throw new Trouble(`What Maven fetched for Kafka is refused: ${wrong.slice(0, 3).join('; ')}.`);
    try { renameSync(fresh, libs); } catch (error) { if (!existsSync(libs)) throw error; }
  } finally { rmSync(fresh, { recursive: true, force: true }); }
  return { home, libs, list };
}
