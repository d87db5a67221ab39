import { validateStandingResponse } from '@countersign/contracts';
import type { StandingRequest, StandingResponse } from '@countersign/contracts';
import { argumentsDigest, parseStrictJson, serviceOfKey, verifyJws } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { AskPolicy } from '../app/governance.ts';

export interface AskPolicyOptions {
  readonly url: string;
  readonly keys: KeySet;
  readonly ids: () => string;
  readonly now: () => number;
  readonly fetch?: typeof fetch;
  /** How long policy may lag behind the catalogue; default 3 s. */
  readonly patienceMs?: number;
}

type Agents = StandingRequest['agents'];
const mostAgents = 64, mostTools = 1_000, maxBytes = 1_048_576;
const unavailable = (why: string): CodedError => new CodedError('not_ready', `policy does not say what its rules hold: ${why}`, { status: 503, retryAfterS: 1 });

/** Asks policy over HTTP; what it answers counts by its signature over our nonce. A tool that policy has not heard of yet is asked about again. */
export const createAskPolicy = ({ url, keys, ids, now, fetch: send = fetch, patienceMs = 3_000 }: AskPolicyOptions): AskPolicy => {
  const once = async (agents: Agents): Promise<StandingResponse> => {
    const nonce = ids();
    let answer: unknown;
    try {
      const response = await send(`${url}/policy/standing`, {
        method: 'POST', redirect: 'error', signal: AbortSignal.timeout(30_000), headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify({ nonce, agents } satisfies StandingRequest),
      });
      const parsed = parseStrictJson(new Uint8Array(await response.arrayBuffer()), { maxBytes });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      answer = parsed.ok ? parsed.value : undefined;
    } catch (error) {
      throw unavailable((error as Error).message);
    }
    if (!validateStandingResponse(answer)) throw unavailable('its answer is none');
    const { jws, ...said } = answer;
    const signed = verifyJws('countersign-standing+jwt', jws, keys);
    if (!signed.ok || serviceOfKey(signed.kid) !== 'policy' || said.nonce !== nonce || signed.payload['digest'] !== argumentsDigest(said)) throw unavailable('its answer is not signed by it, or answers something else');
    if (said.agents.length !== agents.length || said.agents.some((one, i) => one.agent !== agents[i]!.agent)) throw unavailable('its answer is about others');
    return answer;
  };
  const patiently = async (agents: Agents): Promise<StandingResponse> => {
    for (const until = now() + patienceMs; ;) {
      const answer = await once(agents);
      if (answer.agents.every(({ tools }) => tools.every(({ known }) => known)) || now() >= until) return answer;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  };
  return async (agents) => {
    const batches: Agents[number][][] = [[]];
    let size = 0;
    for (const one of agents) {
      if (batches.at(-1)!.length === mostAgents || (size > 0 && size + one.tools.length > mostTools)) { batches.push([]); size = 0; }
      batches.at(-1)!.push(one);
      size += one.tools.length;
    }
    const answers = [];
    for (const batch of batches) {
      const { bundle, tests, agents: said } = await patiently(batch);
      answers.push(...said.map(({ tools }) => ({ bundle, tests, tools })));
    }
    return answers;
  };
};
