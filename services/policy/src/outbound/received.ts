/** Remembers, as long as the message lives, the text it was parsed from. */
const texts = new WeakMap<object, string>();

export const rememberReceived = (message: object, text: string): void => { texts.set(message, text); };

/** The text a message was parsed from; undefined for messages that came out of the fold. Asked once: what is written need not stay in memory. */
export const receivedText = (message: object): string | undefined => {
  const text = texts.get(message);
  if (text !== undefined) texts.delete(message);
  return text;
};
