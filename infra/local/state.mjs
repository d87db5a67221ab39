// What a profile has running, in one file, written whole each time.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export const readState = (profile) => {
  try { return JSON.parse(readFileSync(profile.state, 'utf8')); } catch { return {}; }
};

export function writeState(profile, change) {
  mkdirSync(profile.dir, { recursive: true, mode: 0o755 });
  const next = { ...readState(profile), ...change };
  const temporary = `${profile.state}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(next, null, 1), { mode: 0o600 });
  renameSync(temporary, profile.state);
  return next;
}

export const hasProfile = (profile) => existsSync(profile.dir);
