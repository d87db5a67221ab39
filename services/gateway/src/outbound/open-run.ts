import { kafkaTransport, createAgentRuntime } from '@countersign/sdk';
import type { RuntimeTransport } from '@countersign/sdk';
import type { Bus } from '@countersign/bus';
import type { KeySet } from '@countersign/identity';
import type { OpenRun } from '../app/ports.ts';

export interface OpenRunOptions {
  readonly bus: Bus;
  readonly tenant: string;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  /** Policy's public keys: grants are verified before they are handed on. */
  readonly keys: KeySet;
  readonly now: () => number;
  readonly fetch?: typeof fetch;
  readonly onError: (error: Error) => void;
}

/** Runs on the SDK's own machinery over one transport for all: the gateway is a runtime that holds sessions for others. */
export const createOpenRun = (options: OpenRunOptions): { readonly openRun: OpenRun; readonly transport: RuntimeTransport } => {
  const { tenant, registryUrl, supervisionUrl, keys, now } = options;
  const transport = kafkaTransport(options.bus, { onError: options.onError });
  const openRun: OpenRun = async ({ agent, assertion, instruction, purpose, onReply }) => {
    let next: string | undefined = assertion;
    const take = (): string | undefined => {
      const given = next;
      next = undefined;
      return given;
    };
    const telling: RuntimeTransport = {
      ...transport,
      attach: (run, listener, token) => transport.attach(run, (reply) => { listener(reply); onReply(reply); }, token),
    };
    const runtime = createAgentRuntime({
      agent, tenant, registryUrl, supervisionUrl, grantKeys: keys, now, transport: telling, clientAssertion: take, via: 'gateway', ...(options.fetch && { fetch: options.fetch }),
    });
    const run = await runtime.openRun({ instruction, ...(purpose !== undefined && { purpose }) });
    return { run, supply: (fresh) => { next = fresh; } };
  };
  return { openRun, transport };
};
