/** The id by which somebody of a directory stands here: the user name in lower case, other signs than letters, digits and `._-` as dots. The CLI's import of inventories makes the same. */
export const personIdOf = (userName: string): string => userName.normalize('NFKC').trim().toLowerCase().replaceAll(/[^a-z0-9._-]/g, '.').replace(/^[._-]+/, '').slice(0, 128);
