/** Patterns of tools: `payments.transfer` itself, or a beginning that ends in `*`. */
export const anyOf = (patterns: readonly string[]): ((tool: string) => boolean) => {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (tool) => exact.has(tool) || prefixes.some((prefix) => tool.startsWith(prefix));
};
