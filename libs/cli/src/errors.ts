/** What was asked cannot be done here: usage, a missing address, infrastructure that does not answer. Its message says the remedy. Exit code 2. */
export class CannotRun extends Error {}

const troubles: Readonly<Record<string, string>> = { ENOENT: 'There is no file or folder', EACCES: 'You may not use', EISDIR: 'A folder, where a file is expected:', ENOTDIR: 'No folder:', EEXIST: 'There is a file already, and nothing is written over it:', ENOSPC: 'The disk is full:' };
/** What the operating system says of a file, in words: `ENOENT: no such file or directory, open 'x'` is nobody's language. */
export const inWords = (message: string): string => message.replace(/\b(E[A-Z]+): [^,\n]+, \w+ '([^'\n]*)'(?: -> '[^'\n]*')?/g, (whole, code: string, path: string) => (troubles[code] === undefined ? whole : `${troubles[code]} ${path}.`));
