/** What is used of sodium-native, which brings no types (libsodium, "Public-key signatures"). */
declare module 'sodium-native' {
  const sodium: {
    /** `key` 32 bytes. Throws where a buffer has the wrong length. */
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean;
  };
  export default sodium;
}
