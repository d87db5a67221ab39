/** Text of every generated file by its name. */
export const generate: () => Readonly<Record<string, string>>;
