/** What books need from the author service. */
export abstract class AuthorsClient {
  /** @throws AuthorServiceUnavailable when there is no answer, or one that is not understood */
  abstract exists(authorId: string): Promise<boolean>;
}
