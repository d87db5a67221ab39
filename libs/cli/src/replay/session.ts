import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

/** One recorded call of an agent's session. `injected`: 1 serves the attacker, 0 benign, null unknown (published, not scored). */
export interface RecordedCall {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly result: string | null;
  readonly error: string | null;
  readonly injected: 0 | 1 | null;
}

/** One recorded session, in the format of AgentDojo's derived data set (see libs/cli/README.md). Fields not named here are ignored. */
export interface RecordedSession {
  readonly session_id: string;
  readonly pipeline: string;
  readonly suite: string;
  readonly instruction: string;
  /** What the session was recorded for, where the file says so: the user's task, and the one that an attacker planted. */
  readonly user_task: string | null;
  readonly injection_task: string | null;
  readonly calls: readonly RecordedCall[];
}

/** A file that cannot be replayed: says which line and why. */
export class SessionFileError extends Error {}

const text = (value: unknown): value is string => typeof value === 'string';
const object = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const callOf = (value: unknown): RecordedCall | undefined => {
  if (!object(value) || !text(value['tool']) || !object(value['arguments'])) return undefined;
  const injected = value['injected'] ?? null;
  if (injected !== 0 && injected !== 1 && injected !== null) return undefined;
  return { tool: value['tool'], arguments: value['arguments'], injected, result: text(value['result']) ? value['result'] : null, error: text(value['error']) ? value['error'] : null };
};

/** Reads one line; a reason where it is no session. */
export const parseSession = (line: string): RecordedSession | { readonly wrong: string } => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { wrong: `no JSON: ${(error as Error).message}` };
  }
  if (!object(value)) return { wrong: 'not an object' };
  for (const name of ['session_id', 'pipeline', 'suite', 'instruction'] as const) if (!text(value[name])) return { wrong: `${name} is missing or no text` };
  if (!Array.isArray(value['calls'])) return { wrong: 'calls is missing or no list' };
  const calls = value['calls'].map(callOf);
  const bad = calls.indexOf(undefined);
  if (bad >= 0) return { wrong: `call ${bad} needs tool (text), arguments (object) and injected (0, 1 or null)` };
  return { session_id: value['session_id'] as string, pipeline: value['pipeline'] as string, suite: value['suite'] as string, instruction: value['instruction'] as string, user_task: text(value['user_task']) ? value['user_task'] : null, injection_task: text(value['injection_task']) ? value['injection_task'] : null, calls: calls as RecordedCall[] };
};

/** Streams the sessions of a JSON Lines file, gzipped when its name ends in .gz; at most `limit`. Throws SessionFileError at the first bad line. */
export async function* readSessions(path: string, limit = Number.POSITIVE_INFINITY): AsyncGenerator<RecordedSession> {
  const file = createReadStream(path);
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => input.destroy(error));
  let number = 0;
  let given = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (given >= limit) break;
    if (line.trim() === '') continue;
    const session = parseSession(line);
    if ('wrong' in session) throw new SessionFileError(`${path}:${number}: ${session.wrong}`);
    given++;
    yield session;
  }
  file.destroy();
}
