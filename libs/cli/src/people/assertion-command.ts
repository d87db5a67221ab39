import { createClientAssertion } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import { agentKey } from '../demo/setup.ts';
import { only, personCommand } from './command.ts';

/** A client assertion for trying the gateway with curl: what an agent's runtime makes for itself (RFC 7523). Used once, good for a minute. */
export const assertion = personCommand('countersign assertion AGENT [--json]', {}, async (session) => {
  const agent = only(session, 'agent');
  const text = createClientAssertion({ client: agent, audience: `${session.local.http.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, agentKey(session.local, agent));
  session.show({ client_assertion: text }, [text]);
});
