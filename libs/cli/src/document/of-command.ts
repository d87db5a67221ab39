import type { DocumentKind } from './document.ts';
import { documents, toolDeclaration } from './kinds.ts';

/** Commands that take a file that people write, as they are typed. */
const taken: Readonly<Record<string, DocumentKind>> = {
  'role put': documents.role, 'template put': documents.template, 'grantor put': documents.grantor, 'process put': documents.process,
  'agent register': documents.registration, 'tools review': toolDeclaration,
  ...Object.fromEntries((['agent', 'role', 'template', 'grantor', 'person'] as const).map((kind) => [`change file ${kind}`, documents[kind]])),
};

/** Which file a command takes, and how the command is called; undefined where it takes none, or one of several. */
export const documentOf = (words: readonly string[]): { readonly kind: DocumentKind; readonly command: string } | undefined => {
  const typed = words.join(' ');
  const exact = Object.keys(taken).find((command) => typed === command || typed.startsWith(`${command} `));
  const begun = Object.keys(taken).filter((command) => command.startsWith(`${typed} `));
  const command = exact ?? (begun.length === 1 ? begun[0] : undefined);
  return command === undefined ? undefined : { kind: taken[command]!, command: `countersign ${command}` };
};
