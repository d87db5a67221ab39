/** A payload's JSON; undefined where there is none, or its bytes are none. */
export const jsonOf = (body: Uint8Array | undefined): unknown => {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
};
