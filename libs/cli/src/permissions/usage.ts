export type Kind = 'role' | 'template' | 'grantor' | 'process';

export const changesUsage = `countersign change [--all] [--json]
countersign change show CHANGE [--json]
countersign change file agent|role|template|grantor|person ID --after JSON|FILE --reason TEXT [--as PERSON] [--json]
countersign change approve CHANGE --reason TEXT [--yes] [--as PERSON] [--json]
countersign change withdraw CHANGE --reason TEXT [--as PERSON] [--json]
  countersign change file KIND --help names every field of --after; --example prints one.
  Roles, model, prompt, ceiling, limits, purpose of an agent; what a role, a template or a giver may; who is let in, is back, or has which roles. What only takes away is done at once; all else
  needs somebody else's signature, never that of an agent's owner alone. A request waits 14 days, and is refused when what it is about has changed.
  approve shows the request and checks that its digest is of exactly that; it signs with --yes (without: exit code 1).`;

export const usageOf = (kind: Kind): string => `countersign ${kind} [--json]
countersign ${kind} put ID --file FILE|JSON --reason TEXT [--as PERSON] [--json]${kind === 'grantor' ? '' : `
countersign ${kind} remove ID --reason TEXT [--as PERSON] [--json]`}${kind === 'template' ? `
countersign template demo [--as PERSON] [--json]
  Declares three roles and templates to begin with.` : kind === 'process' ? `
  Who answers in a process at each stage (title, owner, raci); countersign agent raci AGENT --process ID puts an agent into it.` : `
  What lets agents that have it do more is filed with countersign change file ${kind} ID.`}
  countersign ${kind} put --help names every field of FILE; countersign ${kind} put --example prints one to begin with.`;

export const permissionVerbs = ['new', 'register', 'complete', 'permissions', 'unused'] as const;
export const isPermissionVerb = (verb: string | undefined): boolean => permissionVerbs.some((one) => one === verb);
