/** What was asked cannot be done here: usage, a missing address, infrastructure that does not answer. Its message says the remedy. Exit code 2. */
export class CannotRun extends Error {}
