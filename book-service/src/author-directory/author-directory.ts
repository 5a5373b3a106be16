/** What books need from the authors: whether there is one. */
export abstract class AuthorDirectory {
  /** @throws AuthorServiceUnavailable when it does not answer, or not in a way that could be understood */
  abstract exists(authorId: string): Promise<boolean>;
}

export class AuthorServiceUnavailable extends Error {
  override readonly name = 'AuthorServiceUnavailable';
  readonly reason = 'AUTHOR_SERVICE_UNAVAILABLE';
  constructor(cause: unknown) {
    super('the author service does not answer; try again', { cause });
  }
}
