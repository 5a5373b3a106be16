/** Why the databases could not be compared: its message is the whole story, in one line, and holds no secret. */
export class FsckError extends Error {
  override name = 'FsckError';
}
