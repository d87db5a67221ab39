/**
 * Who must have seen a checkpoint before it counts: the policy text that tessera and torchwood read, so that one file serves log and auditor.
 * Lines: `log VKEY` (left to verifiers), `witness NAME VKEY [URL]`, `group NAME any|all|N MEMBER…`, `quorum NAME|none`, `# remark`.
 */
export interface Witness {
  readonly name: string;
  readonly verifierKey: string;
  /** Prefix of its `add-checkpoint`; a witness without one is asked by nobody here. */
  readonly url: string | null;
}

export interface WitnessPolicy {
  readonly witnesses: readonly Witness[];
  /** Whether these witnesses, by name, are enough. */
  satisfied(cosigned: ReadonlySet<string>): boolean;
  /** The policy as others may have it: without the addresses. */
  readonly text: string;
}

/** Nobody is asked and nothing waits. */
export const noWitnesses: WitnessPolicy = { witnesses: [], satisfied: () => true, text: '' };

const withoutAddresses = (text: string): string => text.split('\n').map((line) => line.replace(/#.*$/, '').trim().replace(/^(witness\s+\S+\s+\S+)\s.*$/, '$1')).filter((line) => line !== '').map((line) => `${line}\n`).join('');

type Component = (cosigned: ReadonlySet<string>) => boolean;

/** Reads a policy, or says which line is wrong. Members are defined before they are used, as in sigsum's format. @param isKey whether a text is a verifier key */
export const parseWitnessPolicy = (text: string, isKey: (text: string) => boolean): WitnessPolicy | { readonly problem: string } => {
  const components = new Map<string, Component>();
  const witnesses: Witness[] = [];
  let quorum: Component | undefined;
  const lines = text.split('\n').map((line) => line.replace(/#.*$/, '').trim().split(/\s+/));
  for (const [at, [keyword, name = '', ...rest]] of lines.entries()) {
    const wrong = (why: string) => ({ problem: `line ${at + 1}: ${why}` });
    if (keyword === '' || keyword === 'log') continue;
    if (keyword === 'quorum') {
      if (quorum) return wrong('a second quorum');
      quorum = name === 'none' ? () => true : components.get(name);
      if (!quorum) return wrong(`nothing is called ${name}`);
      continue;
    }
    if (keyword !== 'witness' && keyword !== 'group') return wrong(`"${keyword}" is none of log, witness, group, quorum`);
    if (!name || name === 'none' || components.has(name)) return wrong(`"${name}" is no new name`);
    if (keyword === 'witness') {
      const [verifierKey = '', url = null] = rest;
      if (!isKey(verifierKey)) return wrong('no verifier key of a witness (cosignature/v1)');
      if (url !== null && !/^https?:\/\/\S+$/.test(url)) return wrong('the address does not begin with http:// or https://');
      witnesses.push({ name, verifierKey, url });
      components.set(name, (cosigned) => cosigned.has(name));
      continue;
    }
    const [count = '', ...members] = rest;
    const of = members.map((member) => components.get(member));
    const needed = count === 'any' ? 1 : count === 'all' ? of.length : Number(count);
    if (of.length === 0 || new Set(members).size !== of.length || of.includes(undefined)) return wrong('a group names members above it, each once');
    if (!Number.isSafeInteger(needed) || needed < 1 || needed > of.length) return wrong(`"${count}" of ${of.length} cannot be`);
    components.set(name, (cosigned) => of.filter((member) => member!(cosigned)).length >= needed);
  }
  return quorum ? { witnesses, satisfied: quorum, text: withoutAddresses(text) } : { problem: 'no quorum is named' };
};
