/** Version of the file's layout. A reader of another version refuses the file. */
export const indexFormat = 1

/** Stemming by Porter over Unicode words. The columns that are not searched come last. */
export const layout = `
  CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE VIRTUAL TABLE sections USING fts5(
    title, heading, content, id UNINDEXED, filename UNINDEXED, source_url UNINDEXED,
    tokenize = 'porter unicode61 remove_diacritics 2'
  );
`

/** An index that cannot be made or read. Its message is for the operator. */
export class DocsIndexError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DocsIndexError'
  }
}
