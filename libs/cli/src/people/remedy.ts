import { errors } from '@countersign/contracts';
import type { Refused } from './client.ts';

/** Which command lists what a path is about. */
const lists: Readonly<Record<string, string>> = {
  agents: 'countersign agents', people: 'countersign people', roles: 'countersign role', templates: 'countersign template', grantors: 'countersign grantor', processes: 'countersign process', changes: 'countersign change --all',
  graph: 'countersign graph', tools: 'countersign tools list', scim: 'countersign scim list', inventory: 'countersign agents', accountability: 'countersign run RUN', policy: 'countersign policy history',
  approvals: 'countersign approvals --all', 'pre-approvals': 'countersign pre-approvals', 'stand-ins': 'countersign stand-in', channels: 'countersign channels', reviews: 'countersign reviews', seeds: 'countersign agents',
  runs: 'countersign runs', halts: 'countersign halts', actions: 'countersign run RUN', playbooks: 'countersign playbook list', enforcement: 'countersign enforcement', reconcile: 'countersign attention',
  findings: 'countersign findings', entries: 'countersign audit query',
};

/** What the general remedy of a code leaves open for somebody at a terminal, by the path that was asked. */
const here: readonly { readonly code: string; readonly path: RegExp; readonly remedy: string | ((subject: string) => string) }[] = [
  { code: 'not_eligible', path: /^\/stand-ins/, remedy: 'Name somebody who is active and has one of your roles: countersign people lists them.' },
  { code: 'vote_invalid', path: /^\/stand-ins/, remedy: 'Name somebody else than yourself, who is active: countersign people lists them.' },
  { code: 'not_eligible', path: /^\/(?:changes|tools|graph)/, remedy: 'Somebody with such a role does it: --as PERSON; countersign people lists who has which.' },
  { code: 'approval_closed', path: /./, remedy: 'It is decided: countersign approvals --all shows how. What the agent still needs it proposes again.' },
  { code: 'already_exists', path: /^\/people/, remedy: 'countersign people shows them.' },
  { code: 'conflict', path: /^\/people\/invite/, remedy: 'countersign people shows who is here; who has left comes back by countersign people return PERSON --reason TEXT.' },
  { code: 'conflict', path: /^\/agents/, remedy: 'countersign agent show AGENT says how it stands and what comes next.' },
  { code: 'change_review_required', path: /^\/people/, remedy: 'File it: countersign change file person PERSON --after FILE --reason TEXT; a second person approves it.' },
  { code: 'change_review_required', path: /^\/(?:roles|templates|grantors)\//, remedy: (subject) => `File it: countersign change file ${subject} --after FILE --reason TEXT; a second person approves it with countersign change approve.` },
  { code: 'forbidden', path: /^\/halts/, remedy: 'Somebody else does it: --as PERSON, where their key lies on this machine. countersign people says who is here, countersign halts who set what, countersign agents who owns the agent.' },
  { code: 'not_eligible', path: /^\/(?:approvals|votes|pre-approvals|reviews)/, remedy: 'Somebody with such a role does it: --as PERSON. countersign approvals says who is asked, countersign people who has which role.' },
  { code: 'no_glass', path: /\/glass-review/, remedy: 'There is something to review only once enough people broke the glass: countersign attention says for what.' },
  { code: 'no_glass', path: /./, remedy: 'Whoever is asked decides (countersign approvals says who), or it expires. Who may break the glass stands in the bundle: people.breakGlass.' },
  { code: 'agent_not_active', path: /./, remedy: 'countersign agent show AGENT says what comes next.' },
  { code: 'second_person_required', path: /^\/agents/, remedy: 'Another operator does it, who does not own the agent: --as PERSON.' },
  { code: 'forbidden', path: /./, remedy: 'Somebody who may does it: --as PERSON, where their key lies on this machine. countersign people says who has which role.' },
  { code: 'unknown_role', path: /./, remedy: 'See which there are: countersign role. Declare it first: countersign role put ROLE --file FILE --reason TEXT.' },
];

/** What somebody at a terminal can do about a refusal; undefined where there is nothing to do. */
export const remedyOf = ({ code, path, detail }: Refused): string | undefined => {
  const found = here.find((one) => one.code === code && one.path.test(path));
  if (found !== undefined) return typeof found.remedy === 'string' ? found.remedy : found.remedy(path.split('/').slice(1, 3).map((word, i) => (i === 0 ? word.replace(/s$/, '') : decodeURIComponent(word))).join(' '));
  if (code === 'not_found') {
    const list = lists[path.split(/[/?]/)[1] ?? ''];
    return list === undefined || detail.includes('countersign ') ? 'Check the id.' : `See which there are: ${list}.`;
  }
  if (code === 'invalid_request') return 'The detail names what is wrong. The same command with --help says what it takes.';
  if (code === 'unauthenticated') return 'The registry does not know this key as an active person\'s: countersign people says who is here; --as PERSON acts as somebody else whose key lies on this machine.';
  const general = Object.hasOwn(errors, code) ? (errors as Readonly<Record<string, { readonly remedy: string }>>)[code]!.remedy : undefined;
  return general === undefined || general.startsWith('Nothing to do') ? undefined : general;
};
