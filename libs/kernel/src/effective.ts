/** What of a decided action may be executed and what people are asked about: the arguments as rules changed them, else as they were proposed. */
export const effectiveArguments = <Arguments>(record: { readonly message: { readonly arguments: Arguments }; readonly modified?: { readonly arguments: Arguments } | undefined }): Arguments =>
  record.modified?.arguments ?? record.message.arguments;
