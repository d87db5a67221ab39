import type { Command } from '../commands.ts';
import { isPermissionVerb } from '../permissions/usage.ts';
import { agent as lifecycle } from './agents-command.ts';
import { behaviour } from './behaviour-command.ts';
import { keys, revoke, rotateKey } from './keys-command.ts';

const words: Readonly<Record<string, Command>> = { behaviour, keys, 'rotate-key': rotateKey, revoke };

/** `countersign agent WORD …`: keys and revocations here, permissions in their own room, everything else is a step of its life. */
export const agent: Command = async (args) => {
  const word = args[0] ?? '';
  if (isPermissionVerb(word)) return (await import('../permissions/agent-command.ts')).agentPermissions(args);
  return Object.hasOwn(words, word) ? words[word]!(args.slice(1)) : lifecycle(args);
};
