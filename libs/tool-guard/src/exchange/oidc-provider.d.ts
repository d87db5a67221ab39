/** As much of oidc-provider as the test's authorization server uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  interface Token { resourceServer: unknown; readonly scope: string; readonly expiration: number; save(): Promise<string> }
  export interface GrantContext { readonly oidc: { readonly params: Readonly<Record<string, string | undefined>>; readonly client: unknown }; body: Record<string, unknown> }
  export default class Provider {
    constructor(issuer: string, configuration: object);
    readonly ClientCredentials: new (about: { readonly client: unknown; readonly scope: string }) => Token;
    readonly ResourceServer: new (identifier: string, about: object) => object;
    registerGrantType(name: string, handler: (ctx: GrantContext) => Promise<void>, parameters: readonly string[], dupes: readonly string[]): void;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    on(event: string, listener: (...args: never[]) => void): void;
  }
  type OAuthError = new (description?: string, scope?: string) => Error;
  export const errors: Readonly<Record<'InvalidGrant' | 'InvalidTarget' | 'InvalidScope', OAuthError>>;
}
