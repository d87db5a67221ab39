import type { Bus } from '@countersign/bus';
import { topic, validateToolSnapshot } from '@countersign/contracts';
import type { ToolSnapshot } from '@countersign/contracts';
import type { KeySet } from '@countersign/identity';
import { followSigned } from '@countersign/service-host';
import { allHidden, hiddenOf, nothingHidden } from '../core/sanitise.ts';
import type { HiddenOf } from '../core/sanitise.ts';

export interface HiddenArguments {
  /** By the name of a tool: what of its arguments is never stored. Everything until the catalogue was read. */
  readonly of: (tool: string) => HiddenOf;
  /** Resolves once the catalogue was read, or after this long all the same: then arguments are not stored. */
  ready(waitMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** What the catalogue says of arguments that must not be stored, from the registry's signed snapshots. A tool that is in no catalogue has said nothing. */
export const followHiddenArguments = (bus: Bus, options: { readonly keys: KeySet; readonly now: () => number; readonly onError: (error: Error) => void }): HiddenArguments => {
  const known = new WeakMap<ToolSnapshot, HiddenOf>();
  const tools = followSigned<ToolSnapshot>(bus, { ...options, topic: topic.registryTools, signer: 'registry', validate: validateToolSnapshot, keyOf: (tool) => tool.tool });
  let read = false;
  tools.ready.then(() => { read = true; }, options.onError);
  return {
    of: (name) => {
      const tool = tools.get(name);
      if (tool === undefined) return read ? nothingHidden : allHidden;
      let hidden = known.get(tool);
      if (hidden === undefined) known.set(tool, hidden = hiddenOf(tool));
      return hidden;
    },
    ready: (waitMs) => read ? Promise.resolve() : new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      tools.ready.then(() => { clearTimeout(timer); resolve(); }, () => undefined);
    }),
    stop: () => tools.stop(),
  };
};
