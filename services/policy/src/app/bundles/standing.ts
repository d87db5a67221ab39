import type { StandingRequest, StandingResponse } from '@countersign/contracts';
import type { VersionRef } from '../../core/bundles/events.ts';
import type { CompiledBundle, CompiledTool } from '../../core/rules/compile.ts';
import { tierRange } from '../../core/rules/tier-range.ts';
import type { BundleFile, TestsRun } from './ports.ts';

export interface StandingPorts {
  /** What decides now; undefined while nothing may. */
  readonly current: () => { readonly version: string; readonly bundle: CompiledBundle } | undefined;
  /** What is in force by the event store, with its files. */
  readonly inForce: () => Promise<VersionRef & { readonly files: readonly BundleFile[] | undefined }>;
  readonly tool: (name: string) => CompiledTool | undefined;
  /** Runs a bundle's own tests against the catalogue as it is. */
  readonly runTests: (files: readonly BundleFile[]) => Promise<TestsRun>;
  /** Names the catalogue as it is: the same text, the same definitions. */
  readonly catalogue: () => string;
  readonly sign: (answer: Omit<StandingResponse, 'jws'>) => string;
}
export type AskStanding = (request: StandingRequest) => Promise<StandingResponse | null>;

/** What the rules in force say before anything is proposed, signed. Null while nothing decides, or something else than what is in force. */
export const createStanding = (ports: StandingPorts): AskStanding => {
  let last: { readonly of: string; readonly tests: Promise<TestsRun> } | undefined;
  const testsOf = async (digest: string, files: readonly BundleFile[]): Promise<TestsRun> => {
    const catalogue = ports.catalogue();
    const run = await testsAt(`${digest} ${catalogue}`, files);
    // Tools that came meanwhile are known below: the tests are to know them as well.
    return ports.catalogue() === catalogue ? run : testsOf(digest, files);
  };
  const testsAt = (of: string, files: readonly BundleFile[]): Promise<TestsRun> => {
    if (last?.of !== of) {
      const tests = ports.runTests(files);
      last = { of, tests };
      tests.catch(() => { if (last?.tests === tests) last = undefined; });
    }
    return last.tests;
  };
  return async ({ nonce, agents }) => {
    const inForce = await ports.inForce();
    const deciding = ports.current();
    if (deciding === undefined || inForce.files === undefined || deciding.version !== inForce.version) return null;
    const { passed, failed, first } = await testsOf(inForce.digest, inForce.files);
    const answer = {
      nonce, bundle: { version: inForce.version, digest: inForce.digest }, tests: { passed, failed, first: first?.slice(0, 2_000) ?? null },
      agents: agents.map(({ agent, tools, ...standing }) => ({
        agent,
        tools: tools.map(({ tool, definition }) => {
          const known = ports.tool(tool);
          return known?.snapshot.definition === definition ? { tool, known: true, ...tierRange(deciding.bundle, known, standing) } : { tool, known: false, denied: true, atLeast: 4 as const, atMost: 4 as const };
        }),
      })),
    };
    return { ...answer, jws: ports.sign(answer) };
  };
};
