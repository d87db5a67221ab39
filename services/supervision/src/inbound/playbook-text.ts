import { canonicalJson, sha256Text } from '@countersign/identity';
import type { Json } from '@countersign/contracts';
import { readPlaybook } from '../core/playbook.ts';
import type { Playbook } from '../core/playbook.ts';
import { readMeant } from './read-meant.ts';
import type { Problem } from './read-meant.ts';

export interface PlaybookText { readonly playbook: Playbook | undefined; readonly digest: string | null; readonly problems: readonly Problem[] }

/** Reads a playbook as it is written: what it says, or everything that is wrong with it. The digest is of what it says, not of how it is written. */
export const readPlaybookText = (text: string): PlaybookText => {
  const { meant: playbook, problems } = readMeant(text, readPlaybook);
  return { playbook, digest: playbook === undefined ? null : sha256Text(canonicalJson(playbook as unknown as Json)), problems };
};
