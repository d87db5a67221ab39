import { registerHooks } from 'node:module';

/**
 * From a clone everything runs under Node's condition `source`, which is ours: it leads to our TypeScript. Two packages that the MCP SDK
 * stands on publish theirs under the same name, and Node runs no TypeScript in node_modules; for them the condition does not count.
 */
registerHooks({
  resolve: (specifier, context, next) => next(specifier, /^eventsource(?:-parser)?(?:\/|$)/.test(specifier) ? { ...context, conditions: context.conditions.filter((one) => one !== 'source') } : context),
});
