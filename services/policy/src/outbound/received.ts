/** Remembers, as long as the message lives, the text it was parsed from. */
const texts = new WeakMap<object, Uint8Array>();

export const rememberReceived = (message: object, value: Uint8Array): void => { texts.set(message, value); };

/** The text a message was parsed from; undefined for messages that came out of the fold. */
export const receivedText = (message: object): string | undefined => {
  const value = texts.get(message);
  if (value === undefined) return undefined;
  // Once written, the bytes of the batch they are part of need not stay in memory.
  texts.delete(message);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
};
